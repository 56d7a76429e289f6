package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.ManualClock;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Partition;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisConnection;

/**
 * How much memory of Redis a key takes, counted by Redis itself: all keys of its partition together.
 */
@WithRedis
class MemoryPerKeyTests {

    private static final Duration DAY = Duration.ofDays(1);

    private static final long A_DAY_IN_MICROS = DAY.toNanos() / 1_000;

    private final ManualClock clock = new ManualClock();

    private final RedisKeys keys = new RedisKeys("memory:");

    private final RedisBackend backend = new RedisBackend(
            RedisConnections.to(RedisServer.shared()),
            "memory:",
            Duration.ofSeconds(10),
            new ScriptClock("given_clock.lua", (arguments) -> arguments.add(this.clock.getAsLong())),
            Duration.ZERO);

    @AfterEach
    void close() {
        this.backend.close();
    }

    /** In 4000 portions of 250 a day, at random times: that there are fewer events than a million changes nothing in a bounded memory. */
    @ParameterizedTest
    @EnumSource(RateAlgorithm.class)
    void isBelowFourKilobytesAtAMillionADayUnderSteadyLoad(RateAlgorithm algorithm) {
        Random random = new Random(1);
        RateLimit limit = new RateLimit("default", 1_000_000, DAY, algorithm, 1_000_000);
        Partition partition = partition("steady-" + algorithm, limit);
        long most = 0;
        for (int i = 0; i < 6_000; i++) {
            this.clock.move(1 + random.nextLong(2 * A_DAY_IN_MICROS / 4_000));
            take(partition, 250);
            if (i % 20 == 0) {
                most = Math.max(most, bytes(partition));
            }
        }
        System.out.printf("Memory of a key, %s, a million a day: %d bytes%n", algorithm, most);
        assertThat(most).isBetween(200L, 4_096L);
    }

    /** The most events that are remembered: as many as are exact, each in its own time, and then those that join. */
    @ParameterizedTest
    @EnumSource(RateAlgorithm.class)
    void isBoundedWhateverComes(RateAlgorithm algorithm) {
        RateLimit limit = new RateLimit("default", 10_000_000, DAY, algorithm, 10_000_000);
        Partition partition = partition("worst-" + algorithm, limit);
        long most = 0;
        for (int i = 0; i < 200; i++) {
            this.clock.move((i < 64) ? 1_000_000 : A_DAY_IN_MICROS / 64);
            take(partition, (i < 64) ? 1_000 : 100_000);
            if (i % 30 == 29) {
                this.backend
                        .execute(partition, new Update(0, 100_000, 0))
                        .toCompletableFuture()
                        .join();
            }
            most = Math.max(most, bytes(partition));
        }
        System.out.printf("Memory of a key, %s, at the most: %d bytes%n", algorithm, most);
        assertThat(most).isBetween(200L, 8_192L);
    }

    private static Partition partition(String resource, RateLimit limit) {
        return new Partition(resource, "user-4711", List.of(limit), 1, Duration.ofSeconds(10));
    }

    private void take(Partition partition, long amount) {
        this.backend
                .execute(partition, new Acquire("a:" + this.clock.getAsLong(), List.of(amount)))
                .toCompletableFuture()
                .join();
    }

    /** Packed as these hashes are, Redis counts all of their fields. */
    @SuppressWarnings("unchecked") // Spring Data Redis gives its native connection as an object
    private long bytes(Partition partition) {
        try (RedisConnection connection =
                RedisConnections.to(RedisServer.shared()).getConnection()) {
            RedisClusterAsyncCommands<byte[], byte[]> commands =
                    (RedisClusterAsyncCommands<byte[], byte[]>) connection.getNativeConnection();
            return Stream.of(this.keys.of(partition.id()))
                    .map((key) ->
                            commands.memoryUsage(key).toCompletableFuture().join())
                    .filter(Objects::nonNull)
                    .mapToLong(Long::longValue)
                    .sum();
        }
    }
}
