package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.CommandType;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
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

/**
 * The shortcut does what the machine behind it would: the same random batches go to the script, and to the script without its shortcut.
 */
@WithRedis
class ShortcutTests {

    private static final Duration LEASE = Duration.ofSeconds(10);

    private static final String SCRIPT = LuaScript.partition("given_clock.lua").source();

    private static final String WITHOUT = SCRIPT.replace("\nrepeat\n", "\nrepeat do break end\n");

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

    private String load(String source) {
        return this.connection.scriptingCommands().scriptLoad(source.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void answersAndKeepsWhatTheMachineWould() {
        assertThat(WITHOUT).isNotEqualTo(SCRIPT);
        long seed = Long.getLong("ratelimit.test.seed", System.nanoTime());
        System.out.printf("%s: -Dratelimit.test.seed=%d%n", getClass().getSimpleName(), seed);
        for (int i = 0; i < 30; i++) {
            new Sequence(new Random(seed + i), "resource" + i, DEFINITIONS.get(i % DEFINITIONS.size())).run(seed);
        }
    }

    private final class Sequence {

        private final Random random;

        private final Partition partition;

        private final List<String> held = new ArrayList<>();

        private final List<String> tickets = new ArrayList<>();

        private long nowMicros = 1_800_000_000_000_000L;

        Sequence(Random random, String resource, List<Limit> limits) {
            this.random = random;
            this.partition = new Partition(resource, null, limits, 1, LEASE);
        }

        void run(long seed) {
            for (int step = 0; step < 150; step++) {
                this.nowMicros += this.random.nextInt(20) == 0
                        ? this.random.nextInt(3_000_000)
                        : this.random.nextInt(4) * this.random.nextInt(10_000);
                List<Operation<?>> batch = batch();
                String instance = instance();
                List<Object> with = call(digest, "with:", instance, batch);
                List<Object> without = call(digestWithout, "without:", instance, batch);
                assertThat(readable(with))
                        .as("seed %d, %s, step %d: %s", seed, this.partition, step, batch)
                        .isEqualTo(readable(without));
                assertThat(state("with:"))
                        .as("seed %d, %s, step %d: %s", seed, this.partition, step, batch)
                        .isEqualTo(state("without:"));
                learn(batch, with);
            }
        }

        private String instance() {
            return this.random.nextBoolean() ? "a" : "b";
        }

        private List<Operation<?>> batch() {
            List<Operation<?>> batch = new ArrayList<>();
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
            boolean waits = this.random.nextInt(3) > 0;
            int most = (this.partition.limits().get(0).limit() > 50) ? 8 : 4;
            for (int i = this.random.nextInt(most); i > 0; i--) {
                String ticket = this.random.nextInt(20) == 0 ? anyTicket() : newTicket();
                batch.add(
                        waits
                                ? new Acquire(
                                        ticket,
                                        amounts,
                                        1 + this.random.nextInt(this.random.nextBoolean() ? 9_000_000 : 100_000),
                                        priority(),
                                        1 + this.random.nextInt(12))
                                : new Acquire(ticket, this.random.nextInt(4) == 0 ? amounts() : amounts));
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
            arguments.add(this.partition, LimitsText.write(this.partition.limits()), instance, batch);
            arguments.add(this.nowMicros);
            return commands()
                    .dispatch(
                            CommandType.EVALSHA,
                            new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                            arguments.toCommandArgs())
                    .toCompletableFuture()
                    .orTimeout(1, TimeUnit.MINUTES)
                    .join();
        }

        private Map<String, Object> state(String prefix) {
            Map<String, Object> state = new HashMap<>();
            for (String suffix : List.of(":h", ":t", ":l", ":w")) {
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
            for (String suffix : List.of("", ":h", ":e", ":w", ":q", ":t", ":l")) {
                // a queue that outlives its header would stand before everybody who comes later
                assertThat(connection.keyCommands().pTtl(key(prefix, suffix)))
                        .as("%s%s expires, or is not there (-2)", prefix, suffix)
                        .isNotEqualTo(-1);
            }
            return state;
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
                            reply.stream().skip(1).map((text) -> new String((byte[]) text, StandardCharsets.UTF_8)))
                    .toList();
        }
    }

    @SuppressWarnings({"unchecked", "deprecation"})
    private RedisAsyncCommands<byte[], byte[]> commands() {
        return (RedisAsyncCommands<byte[], byte[]>) this.connection.getNativeConnection();
    }
}
