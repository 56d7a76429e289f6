package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.CommandType;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.ValueEncoding;
import org.springframework.data.redis.connection.ValueEncoding.RedisValueEncoding;

/**
 * The shortcuts do what the machine behind them would: the same random batches go to the script, and to the script without them.
 */
@WithRedis
class ShortcutTests {

    private static final Duration LEASE = Duration.ofSeconds(10);

    private static final String SCRIPT = LuaScript.partition("given_clock.lua").source();

    private static final String TOGETHER = LuaScript.takes("given_clock.lua").source();

    private static final String WITHOUT = SCRIPT.replace("\nrepeat\n", "\nrepeat do break end\n")
            .replace("local raw\nif sender_size == 1 then", "local raw\nif false then");

    private static final List<List<Limit>> SLOTS = List.of(
            List.of(ConcurrencyLimit.of(3)),
            List.of(ConcurrencyLimit.of(12)),
            List.of(ConcurrencyLimit.of(400)),
            List.of(new ConcurrencyLimit("short", 9, Duration.ofSeconds(1), null)),
            List.of(new ConcurrencyLimit("bounded", 30, Duration.ofSeconds(5), Duration.ofSeconds(7))));

    private static final List<List<Limit>> WINDOWS = List.of(
            List.of(RateLimit.of(6, Duration.ofMillis(400))),
            List.of(RateLimit.of(20, Duration.ofMillis(900))),
            List.of(RateLimit.of(40, Duration.ofSeconds(2))),
            List.of(RateLimit.of(500, Duration.ofSeconds(2))), // so that entries leave a long log
            List.of(RateLimit.of(2_000, Duration.ofSeconds(30))),
            List.of(new RateLimit("fixed", 20, Duration.ofSeconds(2), RateAlgorithm.FIXED_WINDOW, 20)),
            List.of(new RateLimit("bucket", 20, Duration.ofSeconds(2), RateAlgorithm.TOKEN_BUCKET, 8)));

    private static final List<List<Limit>> DEFINITIONS = List.of(
            List.of(ConcurrencyLimit.of(3)),
            List.of(ConcurrencyLimit.of(90)),
            List.of(RateLimit.of(40, Duration.ofSeconds(2))),
            List.of(ConcurrencyLimit.of(5), RateLimit.of(60, Duration.ofSeconds(3))),
            List.of(
                    new ConcurrencyLimit("few", 2, Duration.ofSeconds(5), Duration.ofSeconds(7)),
                    new ConcurrencyLimit("many", 8, Duration.ofSeconds(5), null)));

    private final RedisConnection connection =
            RedisConnections.to(RedisServer.shared()).getConnection();

    private final String digest = load(SCRIPT);

    private final String digestWithout = load(WITHOUT);

    private final String digestTogether = load(TOGETHER);

    private String load(String source) {
        return this.connection.scriptingCommands().scriptLoad(source.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void answerAndKeepWhatTheMachineWould() {
        run(DEFINITIONS, 25, false);
        run(WINDOWS, 28, false);
    }

    @Test
    void answerAndKeepWhatTheMachineWouldWhereNobodyWaits() {
        run(WINDOWS, 42, true);
        run(SLOTS, 30, true);
    }

    private void run(List<List<Limit>> definitions, int sequences, boolean takes) {
        assertThat(WITHOUT).contains("repeat do break end").contains("if false then");
        long seed = Long.getLong("ratelimit.test.seed", System.nanoTime());
        System.out.printf("%s: -Dratelimit.test.seed=%d%n", getClass().getSimpleName(), seed);
        for (int i = 0; i < sequences; i++) {
            String resource = definitions.get(i % definitions.size()).get(0).name() + (takes ? "-alone-" : "-") + i
                    + "-" + definitions.size();
            new Sequence(new Random(seed + i), resource, definitions.get(i % definitions.size()), takes).run(seed);
        }
    }

    private final class Sequence {

        private final Random random;

        private final Partition partition;

        /** Whether nobody waits. */
        private final boolean takes;

        /** On a coarse one things happen at the same moment, and when a window ends. */
        private final int gridMicros;

        /** So that some queues become tables. */
        private final int mostQueued;

        private final List<String> held = new ArrayList<>();

        private final List<String> tickets = new ArrayList<>();

        private long nowMicros = 1_800_000_000_000_000L;

        /** How often the script that asks several partitions has answered. */
        private int together;

        Sequence(Random random, String resource, List<Limit> limits, boolean takes) {
            this.random = random;
            this.takes = takes;
            this.gridMicros = random.nextBoolean() ? 100_000 : 1;
            this.mostQueued = random.nextInt(3) == 0 ? 80 : 12;
            this.partition = new Partition(resource, null, limits, 1, LEASE);
        }

        void run(long seed) {
            for (int step = 0; step < 150; step++) {
                this.nowMicros += this.random.nextInt(20) == 0
                        ? this.random.nextInt(3_000_000) / this.gridMicros * this.gridMicros
                        : this.random.nextInt(4) * Math.max(this.gridMicros, this.random.nextInt(10_000));
                List<Operation<?>> batch = batch();
                String instance = instance();
                List<Object> with = call(digest, "with:", instance, batch);
                List<Object> without = call(digestWithout, "without:", instance, batch);
                assertThat(readable(with))
                        .as("seed %d, %s, step %d: %s", seed, this.partition, step, batch)
                        .isEqualTo(readable(without));
                if (this.takes) {
                    assertThat(readable(callTogether(instance, batch)))
                            .as("seed %d, %s, step %d: %s", seed, this.partition, step, batch)
                            .isEqualTo(readable(without));
                }
                if (step % 5 == 4) { // what differs goes on to differ
                    assertThat(state("with:"))
                            .as("seed %d, %s, step %d: %s", seed, this.partition, step, batch)
                            .isEqualTo(state("without:"));
                    if (this.takes) {
                        assertThat(state("together:"))
                                .as("seed %d, %s, step %d: %s", seed, this.partition, step, batch)
                                .isEqualTo(state("without:"));
                    }
                }
                learn(batch, with);
            }
            boolean isWindow = this.partition.limits().get(0) instanceof RateLimit rate
                    && rate.algorithm() == RateAlgorithm.SLIDING_WINDOW;
            assertThat(this.together > 0)
                    .as("seed %d, %s", seed, this.partition)
                    .isEqualTo(this.takes && isWindow);
            for (String suffix : List.of(":h", ":t", ":q", ":e")) {
                assertThat(encoding("with:", suffix))
                        .as("seed %d, %s%s", seed, this.partition, suffix)
                        .isEqualTo(encoding("without:", suffix));
            }
        }

        private String instance() {
            return this.random.nextBoolean() ? "a" : "b";
        }

        private boolean isOfSlots() {
            return this.partition.limits().get(0) instanceof ConcurrencyLimit;
        }

        private List<Operation<?>> batch() {
            List<Operation<?>> batch = new ArrayList<>();
            if ((this.takes && !isOfSlots()) || this.random.nextInt(3) == 0) {
                if (this.random.nextInt(15) == 0) {
                    int limit = this.partition.limits().size() - 1;
                    batch.add(new Update(limit, this.random.nextInt(12) - 6, this.nowMicros));
                    return batch;
                }
                List<Long> same = amounts();
                for (int i = this.random.nextInt(6); i >= 0; i--) {
                    batch.add(new Acquire(newTicket(), same));
                }
                return batch;
            }
            for (int i = this.random.nextInt(4); i > 0 && !this.held.isEmpty(); i--) {
                batch.add(new Release(this.held.remove(this.random.nextInt(this.held.size()))));
            }
            if (this.random.nextInt(15) == 0) {
                batch.add(new Release(anyTicket()));
            }
            if (this.random.nextInt(25) == 0) {
                batch.add(new Cancel(anyTicket(), amounts(), 0));
            }
            List<Long> amounts = amounts();
            boolean waits = !this.takes && this.random.nextInt(3) > 0;
            int most = (this.partition.limits().get(0).limit() > 50 || this.mostQueued > 50) ? 8 : 4;
            for (int i = this.random.nextInt(most); i > 0; i--) {
                String ticket = this.random.nextInt(10) == 0 ? knownTicket() : newTicket();
                batch.add(
                        waits
                                ? new Acquire(
                                        ticket,
                                        amounts,
                                        1 + this.random.nextInt(this.random.nextBoolean() ? 9_000_000 : 100_000),
                                        priority(),
                                        1 + this.random.nextInt(this.mostQueued))
                                : new Acquire(ticket, this.random.nextInt(8) == 0 ? amounts() : amounts));
            }
            if (batch.isEmpty()) {
                batch.add(new Inspect(100));
            }
            return batch;
        }

        private int priority() {
            return this.random.nextInt(5) == 0 ? this.random.nextInt(5) - 2 : 0;
        }

        private List<Long> amounts() {
            List<Long> amounts = LongStream.generate(() -> this.random.nextInt(5) == 0 ? this.random.nextInt(3) : 1)
                    .limit(this.partition.limits().size())
                    .boxed()
                    .toList();
            return amounts.contains(1L) || amounts.contains(2L) ? amounts : amounts();
        }

        private String newTicket() {
            String ticket = instance() + ":" + this.tickets.size();
            this.tickets.add(ticket);
            return ticket;
        }

        private String knownTicket() {
            return this.held.isEmpty() || this.random.nextBoolean()
                    ? anyTicket()
                    : this.held.get(this.random.nextInt(this.held.size()));
        }

        private String anyTicket() {
            return this.tickets.isEmpty() ? newTicket() : this.tickets.get(this.random.nextInt(this.tickets.size()));
        }

        private void learn(List<Operation<?>> batch, List<Object> reply) {
            ReplyReader reader = new ReplyReader(this.partition.limits(), reply);
            for (Operation<?> operation : batch) {
                Reply answer = readOrNothing(reader, operation);
                if (answer instanceof Reply.Granted && operation instanceof Acquire acquire) {
                    this.held.add(acquire.ticket());
                }
            }
            if (this.random.nextInt(3) == 0) {
                this.held.clear();
                stored("with:", ":h").keySet().forEach(this.held::add);
                this.held.sort(null);
            }
        }

        private static Reply readOrNothing(ReplyReader reader, Operation<?> operation) {
            try {
                return reader.read(operation);
            } catch (IllegalArgumentException ex) {
                return new Reply.Done(reader.statusOfMessages()); // above the capacity
            }
        }

        private List<Object> call(String digest, String prefix, String instance, List<Operation<?>> batch) {
            Arguments arguments = new Arguments(digest, new RedisKeys(prefix).of(this.partition.id()));
            arguments.add(definedLately(), LimitsText.write(this.partition.limits()), instance, batch);
            return run(arguments.add(this.nowMicros));
        }

        private List<Object> run(Arguments arguments) {
            return commands()
                    .dispatch(
                            CommandType.EVALSHA,
                            new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                            arguments.toCommandArgs())
                    .toCompletableFuture()
                    .orTimeout(1, TimeUnit.MINUTES)
                    .join();
        }

        /** Asks as one of several partitions that share a call, and alone if that is not answered. */
        private List<Object> callTogether(String instance, List<Operation<?>> batch) {
            if (batch.get(0) instanceof Acquire acquire) {
                byte[][] keys = new RedisKeys("together:").of(this.partition.id());
                byte[][] none = new RedisKeys("together:").of(new Partition.Id("none", null));
                Arguments arguments =
                        new Arguments(digestTogether, new byte[][] {RedisKeys.header(none), RedisKeys.header(keys)});
                Operands operands = new Operands().add(1).add(1).add(1).add(1);
                operands.add(2).add(definedLately().stampMicros());
                operands.add(batch.size()).add(acquire.amounts().get(0));
                arguments.add(operands.toBytes()).add("no limits").add(LimitsText.write(this.partition.limits()));
                Object reply = run(arguments.add(this.nowMicros)).get(1);
                if (reply != null) {
                    this.together++;
                    return List.of(reply);
                }
            }
            return call(digest, "together:", instance, batch);
        }

        /** Returns the partition as somebody knows it who has started later, now and then. */
        private Partition definedLately() {
            return new Partition(
                    this.partition.resource(), null, this.partition.limits(), this.nowMicros / 1_500_000, LEASE);
        }

        private Map<String, Object> state(String prefix) {
            Map<String, Object> state = new HashMap<>();
            for (String suffix : List.of(":h", ":t", ":l")) {
                state.put(suffix, stored(prefix, suffix));
            }
            state.put(
                    ":q",
                    connection.zSetCommands().zRangeWithScores(key(prefix, ":q"), 0, -1).stream()
                            .map((entry) -> new String(entry.getValue(), StandardCharsets.UTF_8) + entry.getScore())
                            .toList());
            state.put(
                    ":e",
                    connection.zSetCommands().zRangeWithScores(key(prefix, ":e"), 0, -1).stream()
                            .map((entry) -> new String(entry.getValue(), StandardCharsets.UTF_8) + entry.getScore())
                            .toList());
            byte[] header = connection.stringCommands().get(key(prefix, ""));
            state.put("", (header != null) ? Arrays.toString(header) : "");
            for (String suffix : List.of("", ":h", ":e", ":q", ":t", ":l")) {
                Long expiresAt = commands()
                        .pexpiretime(key(prefix, suffix))
                        .toCompletableFuture()
                        .orTimeout(1, TimeUnit.MINUTES)
                        .join();
                // a queue that outlives its header would stand before everybody who comes later
                assertThat(expiresAt)
                        .as("%s%s expires, or is not there (-2)", prefix, suffix)
                        .isNotEqualTo(-1L);
                state.put(suffix + " expires at", String.valueOf(expiresAt));
            }
            return state;
        }

        private String encoding(String prefix, String suffix) {
            ValueEncoding encoding = connection.keyCommands().encodingOf(key(prefix, suffix));
            return (encoding != null && encoding != RedisValueEncoding.VACANT) ? encoding.raw() : "none";
        }

        private Map<String, String> stored(String prefix, String suffix) {
            Map<String, String> stored = new HashMap<>();
            connection
                    .hashCommands()
                    .hGetAll(key(prefix, suffix))
                    .forEach((field, value) ->
                            stored.put(new String(field, StandardCharsets.UTF_8), Arrays.toString(value)));
            return stored;
        }

        private byte[] key(String prefix, String suffix) {
            return (prefix + '{' + this.partition.resource() + '}' + suffix).getBytes(StandardCharsets.UTF_8);
        }

        private List<String> readable(List<Object> reply) {
            return Stream.concat(
                            Stream.of(Arrays.toString((byte[]) reply.get(0))),
                            reply.stream().skip(1).map((text) -> Arrays.toString((byte[]) text)))
                    .toList();
        }
    }

    @SuppressWarnings({"unchecked", "deprecation"})
    private RedisAsyncCommands<byte[], byte[]> commands() {
        return (RedisAsyncCommands<byte[], byte[]>) this.connection.getNativeConnection();
    }
}
