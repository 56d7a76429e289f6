package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.ManualClock;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Random operations on one given clock get the same answers from the machine in Java and the machine in Lua.
 */
@WithRedis
class MemoryAndRedisAgreeTests {

    private static final int SEQUENCES = 1_000;

    private static final int OPERATIONS = 60;

    private final ManualClock clock = new ManualClock();

    private final LimitBackend memory = new MemoryBackend(this.clock);

    private final LimitBackend redis = new RedisBackend(
            RedisConnections.to(RedisServer.shared()),
            "agree:",
            Duration.ofSeconds(10),
            new ScriptClock("given_clock.lua", (arguments) -> arguments.add(this.clock.getAsLong())));

    @Test
    void onAThousandRandomSequences() {
        long seed = Long.getLong("ratelimit.test.seed", System.nanoTime());
        System.out.printf("%s: -Dratelimit.test.seed=%d%n", getClass().getSimpleName(), seed);
        int granted = 0;
        for (int i = 0; i < SEQUENCES; i++) {
            granted += new Sequence(new Random(seed + i), "resource" + i, seed + i).run();
        }
        assertThat(granted).isBetween(SEQUENCES, SEQUENCES * OPERATIONS);
    }

    private final class Sequence {

        private final Random random;

        private final String resource;

        private final long seed;

        private final List<Partition> definitions = new ArrayList<>();

        private final List<String> tickets = new ArrayList<>();

        private final List<Granted> grants = new ArrayList<>();

        private int sent;

        private Sequence(Random random, String resource, long seed) {
            this.random = random;
            this.resource = resource;
            this.seed = seed;
            List<Limit> limits = limits();
            for (int i = 0; i < 3; i++) {
                this.definitions.add(new Partition(resource, null, limits, 1 + random.nextInt(5)));
                limits = random.nextBoolean() ? limits : limits();
            }
        }

        private int run() {
            boolean dense = this.random.nextInt(4) == 0;
            for (int i = 0; i < (dense ? 4 : 1) * OPERATIONS; i++) {
                clock.move(dense ? this.random.nextInt(2_000) : step());
                Partition partition = this.definitions.get(pick(this.definitions.size()));
                Operation<?> operation = operation(partition);
                Object expected = answer(memory, partition, operation);
                assertThat(answer(redis, partition, operation))
                        .as("seed %d, step %d: %s on %s", this.seed, i, operation, partition)
                        .isEqualTo(expected);
                if (expected instanceof Granted grant) {
                    this.grants.add(grant);
                }
            }
            return this.grants.size();
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

        private List<Limit> limits() {
            List<Limit> limits = new ArrayList<>();
            for (String name : List.of("default", "tokens")) {
                if (this.random.nextBoolean()) {
                    limits.add(new RateLimit(
                            name,
                            1 + this.random.nextInt(this.random.nextBoolean() ? 8 : 300),
                            Duration.ofMillis(1 + this.random.nextInt(2_000)),
                            RateAlgorithm.SLIDING_WINDOW));
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

        private Operation<?> operation(Partition partition) {
            return switch (this.random.nextInt(14)) {
                case 0, 1 -> new Release(ticket());
                case 2 -> new Cancel(ticket(), amounts(partition), grantedAt());
                case 3, 4 ->
                    new Renew(IntStream.range(0, this.random.nextInt(4))
                            .mapToObj((i) -> heldPermit(partition))
                            .toList());
                case 5 -> new Inspect(this.random.nextInt(5));
                case 6 -> new Acquire(ticket(), amounts(partition));
                default -> {
                    this.tickets.add("instance:" + this.sent++);
                    yield new Acquire(this.tickets.get(this.tickets.size() - 1), amounts(partition));
                }
            };
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
                            ? this.random.nextLong(limit.limit() + ((limit.kind() == LimitKind.RATE) ? 2 : 1))
                            : 1L)
                    .toList();
        }

        private Object answer(LimitBackend backend, Partition partition, Operation<?> operation) {
            try {
                return backend.execute(partition, operation)
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS);
            } catch (Exception ex) {
                return ex.getCause().getClass() + ": " + ex.getCause().getMessage();
            }
        }
    }
}
