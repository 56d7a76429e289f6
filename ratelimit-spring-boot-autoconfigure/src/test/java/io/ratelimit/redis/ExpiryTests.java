package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.Limit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * How long Redis keeps what is known where that is longer than it looked at first.
 */
@WithRedis
class ExpiryTests {

    private final LettuceConnectionFactory connections = RedisConnections.to(RedisServer.shared());

    private final RedisKeys keys = new RedisKeys("expiry:");

    private final RedisBackend backend = new RedisBackend(this.connections, "expiry:", Duration.ofSeconds(10));

    @AfterEach
    void close() {
        this.backend.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"SLIDING_WINDOW", "FIXED_WINDOW"})
    void ofAWindowThatIsMadeLongerIsThatOfTheLongerOne(RateAlgorithm algorithm) {
        Partition before = partition("longer-" + algorithm, algorithm, 2, Duration.ofMinutes(1), 1);
        Partition after = partition("longer-" + algorithm, algorithm, 2, Duration.ofHours(1), 2);
        assertThat(take(before, 2)).isInstanceOf(Granted.class);
        assertThat(take(after, 1)).isInstanceOf(Refused.class);
        assertThat(left(after)).isBetween(Duration.ofMinutes(59), Duration.ofMinutes(61));
    }

    @ParameterizedTest
    @EnumSource(names = {"SLIDING_WINDOW", "FIXED_WINDOW"})
    void ofDebtIsAsLongAsItTakesToPayItWithALimitThatWasLowered(RateAlgorithm algorithm) {
        Partition before = partition("lower-" + algorithm, algorithm, 10, Duration.ofMinutes(1), 1);
        Partition after = partition("lower-" + algorithm, algorithm, 1, Duration.ofMinutes(1), 2);
        assertThat(take(before, 10)).isInstanceOf(Granted.class);
        execute(before, new Update(0, 20, 0));
        assertThat(left(before)).isBetween(Duration.ofMinutes(2), Duration.ofMinutes(4));
        assertThat(take(after, 1)).isInstanceOf(Refused.class);
        assertThat(left(after)).isBetween(Duration.ofMinutes(20), Duration.ofMinutes(22));
    }

    @Test
    void ofTheInstancesIsThatOfTheOneThatStaysLongest() {
        this.backend
                .heartbeat("long", Duration.ofMinutes(1))
                .toCompletableFuture()
                .join();
        this.backend
                .heartbeat("short", Duration.ofSeconds(1))
                .toCompletableFuture()
                .join();
        assertThat(left(this.keys.instances())).isBetween(Duration.ofSeconds(50), Duration.ofSeconds(62));
    }

    private static Partition partition(
            String resource, RateAlgorithm algorithm, long limit, Duration window, long stampMicros) {
        List<Limit> limits = List.of(new RateLimit("default", limit, window, algorithm));
        return new Partition(resource, null, limits, stampMicros, Duration.ofSeconds(1));
    }

    private Reply.Decision take(Partition partition, long amount) {
        return execute(partition, new Acquire("a:1", List.of(amount)));
    }

    private <R extends Reply> R execute(Partition partition, Operation<R> operation) {
        return this.backend.execute(partition, operation).toCompletableFuture().join();
    }

    private Duration left(Partition partition) {
        return left(RedisKeys.header(this.keys.of(partition.id())));
    }

    private Duration left(byte[] key) {
        try (RedisConnection connection = this.connections.getConnection()) {
            return Duration.ofMillis(connection.keyCommands().pTtl(key));
        }
    }
}
