package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.ManualClock;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Evict;
import io.ratelimit.backend.Operation.Forgive;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.backend.Reply.Updated;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Random operations of several instances on one given clock get the same answers, and lead to the same notices, from the machine in Java
 * and the machine in Lua.
 */
@WithRedis
class MemoryAndRedisAgreeTests {

    private static final int SEQUENCES = 300;

    private static final int OPERATIONS = 60;

    private static final List<String> INSTANCES = List.of("a", "b", "c");

    private final ManualClock clock = new ManualClock();

    private final MemoryBackend memory = new MemoryBackend(this.clock);

    private final Map<String, RedisBackend> redis =
            INSTANCES.stream().collect(Collectors.toMap(Function.identity(), (instance) -> redis()));

    private final Map<String, Notices> fromMemory = listenTo((instance) -> this.memory);

    private final Map<String, Notices> fromRedis = listenTo(this.redis::get);

    private RedisBackend redis() {
        return new RedisBackend(
                RedisConnections.to(RedisServer.shared()),
                "agree:",
                Duration.ofSeconds(10),
                new ScriptClock("given_clock.lua", (arguments) -> arguments.add(this.clock.getAsLong())),
                Duration.ZERO);
    }

    private static Map<String, Notices> listenTo(Function<String, LimitBackend> backends) {
        Map<String, Notices> notices = new HashMap<>();
        for (String instance : INSTANCES) {
            notices.put(instance, new Notices());
            backends.apply(instance).listen(instance, notices.get(instance));
        }
        return notices;
    }

    @AfterEach
    void close() {
        this.redis.values().forEach(RedisBackend::close);
    }

    @Test
    void onRandomSequences() {
        long seed = Long.getLong("ratelimit.test.seed", System.nanoTime());
        System.out.printf("%s: -Dratelimit.test.seed=%d%n", getClass().getSimpleName(), seed);
        int granted = 0;
        int told = 0;
        for (int i = 0; i < SEQUENCES; i++) {
            granted += new Sequence(new Random(seed + i), "resource" + i, seed + i).run();
            told += this.fromMemory.values().stream()
                    .mapToInt((notices) -> notices.list.size())
                    .sum();
            Stream.of(this.fromMemory, this.fromRedis)
                    .flatMap((notices) -> notices.values().stream())
                    .forEach((notices) -> notices.list.clear());
        }
        assertThat(granted).isBetween(SEQUENCES, SEQUENCES * OPERATIONS);
        assertThat(told).isGreaterThan(SEQUENCES);
    }

    private static final class Notices implements GrantListener {

        private final List<List<Object>> list = new CopyOnWriteArrayList<>();

        @Override
        public void granted(String ticket, Granted grant) {
            this.list.add(List.of(ticket, grant));
        }

        @Override
        public void turn(String ticket, Duration wait) {
            this.list.add(List.of(ticket, wait));
        }

        @Override
        public void missed() {
            this.list.add(List.of("missed"));
        }
    }

    private final class Sequence {

        private final Random random;

        private final long seed;

        private final List<Partition> definitions = new ArrayList<>();

        private final List<String> tickets = new ArrayList<>();

        private final List<Granted> grants = new ArrayList<>();

        private final List<Long> charges = new ArrayList<>();

        private final Map<String, Long> sequences = new HashMap<>();

        /** Whether limits and windows are from the smallest to the largest there are. */
        private final boolean wide;

        private int sent;

        private Sequence(Random random, String resource, long seed) {
            this.random = random;
            this.seed = seed;
            this.wide = random.nextInt(3) == 0;
            List<Limit> limits = limits();
            for (int i = 0; i < 3; i++) {
                Duration lease = Duration.ofMillis(100 + random.nextInt(12_000));
                this.definitions.add(new Partition(resource, null, limits, 1 + random.nextInt(5), lease));
                limits = random.nextBoolean() ? limits : limits();
            }
        }

        private int run() {
            boolean dense = this.random.nextInt(4) == 0;
            for (int i = 0; i < (dense ? 4 : 1) * OPERATIONS; i++) {
                clock.move(dense ? this.random.nextInt(2_000) : this.wide ? wideStep() : step());
                Partition partition = this.definitions.get(pick(this.definitions.size()));
                Operation<?> operation = operation(partition);
                Object expected = answer(memory, partition, operation);
                String step = "seed %d, step %d: %s on %s".formatted(this.seed, i, operation, partition);
                assertThat(answer(redis.get(instanceOf(operation)), partition, operation))
                        .as(step)
                        .isEqualTo(expected);
                awaitNotices(step);
                if (expected instanceof Granted grant) {
                    this.grants.add(grant);
                    this.charges.add(grant.grantedAtMicros());
                }
                if (expected instanceof Updated updated) {
                    this.charges.add(updated.atMicros());
                }
                if (expected instanceof Queued queued && operation instanceof Acquire acquire) {
                    this.sequences.put(acquire.ticket(), queued.sequence());
                }
            }
            for (String instance : INSTANCES) {
                assertThat(fromRedis.get(instance).list)
                        .as("seed %d, notices of %s", this.seed, instance)
                        .isEqualTo(fromMemory.get(instance).list);
            }
            return this.grants.size();
        }

        /** Those of other instances come by another way than those in replies: only one way at a time keeps the order. */
        private void awaitNotices(String step) {
            for (String instance : INSTANCES) {
                int expected = fromMemory.get(instance).list.size();
                if (fromRedis.get(instance).list.size() < expected) {
                    await(step)
                            .pollDelay(Duration.ZERO)
                            .pollInterval(Duration.ofMillis(1))
                            .until(() -> fromRedis.get(instance).list.size() >= expected);
                }
            }
        }

        private String instanceOf(Operation<?> operation) {
            String ticket = "";
            if (operation instanceof Acquire acquire) {
                ticket = acquire.ticket();
            } else if (operation instanceof Withdraw withdraw) {
                ticket = withdraw.ticket();
            } else if (operation instanceof Renew renew && !renew.tickets().isEmpty()) {
                ticket = renew.tickets().get(0).ticket();
            }
            String instance = ticket.isEmpty() ? "" : ticket.substring(0, ticket.indexOf(':'));
            return INSTANCES.contains(instance) ? instance : INSTANCES.get(this.random.nextInt(INSTANCES.size()));
        }

        /** The first definition most of the time: changes are rare. */
        private int pick(int size) {
            return (this.random.nextInt(20) == 0) ? this.random.nextInt(size) : 0;
        }

        private long step() {
            return switch (this.random.nextInt(12)) {
                case 0, 1, 2, 3 -> 0;
                case 4, 5 -> this.random.nextInt(20);
                case 6, 7, 8 -> this.random.nextInt(200_000);
                case 9 -> this.random.nextInt(4_000_000);
                case 10 -> this.random.nextInt(12_000_000);
                default -> -this.random.nextInt(3_000_000);
            };
        }

        private long wideStep() {
            return switch (this.random.nextInt(4)) {
                case 0 -> 0;
                case 1 -> upTo(40L * 24 * 3600 * 1_000_000);
                default -> step();
            };
        }

        private List<Limit> limits() {
            List<Limit> limits = new ArrayList<>();
            for (String name : List.of("default", "tokens")) {
                if (this.random.nextBoolean()) {
                    limits.add(rate(name));
                }
            }
            for (String name : List.of("default", "big")) {
                if (this.random.nextBoolean() || limits.isEmpty()) {
                    limits.add(new ConcurrencyLimit(
                            name,
                            1 + this.random.nextInt(6),
                            Duration.ofMillis(100 + this.random.nextInt(12_000)),
                            this.random.nextInt(3) == 0 ? Duration.ofMillis(1 + this.random.nextInt(9_000)) : null));
                }
            }
            return limits;
        }

        private RateLimit rate(String name) {
            RateAlgorithm algorithm = RateAlgorithm.values()[this.random.nextInt(RateAlgorithm.values().length)];
            long limit = 1 + this.random.nextInt(this.random.nextBoolean() ? 8 : 300);
            Duration window = Duration.ofMillis(1 + this.random.nextInt(2_000));
            if (this.wide) {
                limit = upTo(10_000_000);
                window = Duration.of(10_000 + upTo(30L * 24 * 3600 * 1_000_000 - 10_000), ChronoUnit.MICROS);
            }
            if (!algorithm.isBucket() || this.random.nextInt(3) == 0) {
                return new RateLimit(name, limit, window, algorithm);
            }
            long most = limit * (Duration.ofDays(3650).toSeconds() / (window.toSeconds() + 1));
            return new RateLimit(name, limit, window, algorithm, upTo(Math.min(this.wide ? 10_000_000 : 300, most)));
        }

        /** From 1 to a number, each order of magnitude as likely. */
        private long upTo(long most) {
            return 1 + (long) (Math.exp(this.random.nextDouble() * Math.log(most)) - 1);
        }

        private Operation<?> operation(Partition partition) {
            return switch (this.random.nextInt(23)) {
                case 17, 18, 19, 20 -> update(partition);
                case 21 -> new Evict(ticket());
                case 22 -> (this.random.nextInt(3) == 0) ? new Forgive() : update(partition);
                case 0, 1, 2 -> new Release(ticket());
                case 3 -> new Cancel(ticket(), amounts(partition), grantedAt());
                case 4 -> new Withdraw(ticket(), amounts(partition));
                case 5, 6, 7 -> renew(partition);
                case 8 -> new Inspect(this.random.nextInt(5));
                case 9 -> acquire(ticket(), partition);
                default -> {
                    this.tickets.add(instance() + ":" + this.sent++);
                    yield acquire(this.tickets.get(this.tickets.size() - 1), partition);
                }
            };
        }

        private Update update(Partition partition) {
            int limit = this.random.nextInt(partition.limits().size());
            long difference = upTo(3 * partition.limits().get(limit).capacity());
            return new Update(limit, this.random.nextInt(3) == 0 ? difference : -difference, chargedAt());
        }

        private long chargedAt() {
            if (this.charges.isEmpty() || this.random.nextInt(10) == 0) {
                return clock.getAsLong() - this.random.nextInt(1_000_000);
            }
            int back = (int) Math.min(this.charges.size(), upTo(this.charges.size()));
            return this.charges.get(this.charges.size() - back);
        }

        private String instance() {
            return INSTANCES.get(this.random.nextInt(INSTANCES.size()));
        }

        private Acquire acquire(String ticket, Partition partition) {
            if (this.random.nextInt(3) == 0) {
                return new Acquire(ticket, amounts(partition));
            }
            return new Acquire(
                    ticket,
                    amounts(partition),
                    this.random.nextInt(this.random.nextBoolean() ? 500_000 : 20_000_000),
                    priority(),
                    this.random.nextBoolean() ? 1_000 : this.random.nextInt(8));
        }

        private int priority() {
            return this.random.nextInt(3) == 0 ? this.random.nextInt(7) - 3 : 0;
        }

        private Renew renew(Partition partition) {
            String instance = instance();
            List<HeldPermit> permits = IntStream.range(0, this.random.nextInt(4))
                    .mapToObj((i) -> heldPermit(partition))
                    .toList();
            List<WaitingTicket> waiting = IntStream.range(0, this.random.nextInt(8))
                    .mapToObj((i) -> waitingTicket(partition))
                    .filter((ticket) -> ticket.ticket().startsWith(instance + ":")) // nobody speaks for another
                    .toList();
            return new Renew(permits, this.random.nextInt(10) == 0 ? List.of() : waiting);
        }

        private WaitingTicket waitingTicket(Partition partition) {
            String ticket = ticket();
            long sometime = clock.getAsLong() - this.random.nextInt(1_000_000);
            return new WaitingTicket(
                    ticket,
                    amounts(partition),
                    this.sequences.getOrDefault(ticket, sometime),
                    priority(),
                    this.random.nextInt(4) == 0 ? 0 : this.random.nextInt(20_000_000));
        }

        private HeldPermit heldPermit(Partition partition) {
            return new HeldPermit(
                    ticket(),
                    1 + clock.getAsLong() - this.random.nextInt(1_000_000),
                    clock.getAsLong() - this.random.nextInt(1_000_000),
                    amounts(partition),
                    this.random.nextBoolean() ? 0 : this.random.nextInt(5_000_000),
                    this.random.nextBoolean() ? 0 : this.random.nextInt(5_000_000));
        }

        private long grantedAt() {
            if (this.grants.isEmpty() || this.random.nextInt(3) == 0) {
                return 0;
            }
            return this.grants.get(this.random.nextInt(this.grants.size())).grantedAtMicros();
        }

        private String ticket() {
            return this.tickets.isEmpty() || this.random.nextInt(30) == 0
                    ? "unknown:1"
                    : this.tickets.get(this.random.nextInt(this.tickets.size()));
        }

        private List<Long> amounts(Partition partition) {
            return partition.limits().stream()
                    .map((limit) -> (this.random.nextInt(4) == 0)
                            ? this.random.nextLong(limit.capacity() + ((limit.kind() == LimitKind.RATE) ? 2 : 1))
                            : 1L)
                    .toList();
        }

        private Throwable rootOf(Throwable ex) {
            return (ex.getCause() != null) ? rootOf(ex.getCause()) : ex;
        }

        private Object answer(LimitBackend backend, Partition partition, Operation<?> operation) {
            try {
                return backend.execute(partition, operation)
                        .toCompletableFuture()
                        .get(1, TimeUnit.MINUTES);
            } catch (ExecutionException ex) {
                return ex.getCause() instanceof IllegalArgumentException
                        ? ex.getCause().getMessage()
                        : rootOf(ex);
            } catch (Exception ex) {
                return ex;
            }
        }
    }
}
