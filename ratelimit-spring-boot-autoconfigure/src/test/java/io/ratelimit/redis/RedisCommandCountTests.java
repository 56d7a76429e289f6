package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Partition;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.ValueEncoding;
import org.springframework.data.redis.connection.ValueEncoding.RedisValueEncoding;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * What an operation costs Redis, counted by Redis itself, and what it leaves behind.
 */
@WithRedis
class RedisCommandCountTests {

    private static final Duration LEASE = Duration.ofSeconds(10);

    private final LettuceConnectionFactory connections = RedisConnections.to(RedisServer.shared());

    private final RedisBackend backend = new RedisBackend(this.connections, "count:", Duration.ofSeconds(10));

    private final Partition slots = new Partition("slots", null, List.of(ConcurrencyLimit.of(5)), 1, LEASE);

    private final Partition rate =
            new Partition("rate", "key", List.of(RateLimit.of(50, Duration.ofMillis(700))), 1, LEASE);

    private int tickets;

    @BeforeEach
    void loadTheScript() {
        this.backend
                .execute(this.slots, new Release("unknown"))
                .toCompletableFuture()
                .join();
        acquire(new Partition("other", null, this.rate.limits(), 1, LEASE), "t"); // that is another script
        try (RedisConnection connection = this.connections.getConnection()) {
            connection.serverCommands().resetConfigStats();
        }
    }

    @Test
    void anAcquisitionAndAReleaseAreOneScriptCallEach() {
        for (int i = 0; i < 10; i++) {
            acquire(this.slots, "t" + i);
            this.backend
                    .execute(this.slots, new Release("t" + i))
                    .toCompletableFuture()
                    .join();
        }
        assertThat(calls("evalsha")).isEqualTo(20);
        assertThat(calls("eval")).isZero();
        System.out.printf("Slots: %d commands in 10 acquisitions and releases: %s%n", total(), statistics());
    }

    @Test
    void anAcquisitionOfARateIsOneScriptCall() {
        for (int i = 0; i < 10; i++) {
            acquire(this.rate, "t" + i);
        }
        assertThat(calls("evalsha")).isEqualTo(10);
        assertThat(total())
                .as("the call, the time, what is read and what is written")
                .isEqualTo(4 * 10);
        System.out.printf("Rate: %d commands in 10 acquisitions: %s%n", total(), statistics());
    }

    @Test
    void aScriptThatRedisHasForgottenIsSentAgain() {
        try (RedisConnection connection = this.connections.getConnection()) {
            connection.scriptingCommands().scriptFlush();
        }
        acquire(this.slots, "t");
        acquire(this.slots, "u");
        assertThat(calls("eval")).isEqualTo(1);
        assertThat(calls("evalsha")).isEqualTo(2);
    }

    @Test
    void everyKeyExpiresAndAllOfAPartitionTogether() {
        for (int i = 0; i < 10; i++) {
            acquire(this.rate, "t" + i);
        }
        acquire(this.slots, "t");
        try (RedisConnection connection = this.connections.getConnection()) {
            List<byte[]> keys =
                    List.copyOf(connection.keyCommands().keys("*{[rs]*".getBytes(StandardCharsets.US_ASCII)));
            assertThat(keys).hasSize(3);
            assertThat(keys)
                    .allSatisfy((key) -> assertThat(connection.keyCommands().pTtl(key))
                            .isPositive()
                            .isLessThanOrEqualTo(
                                    new String(key, StandardCharsets.US_ASCII).contains("rate") ? 1_701 : 11_001));
        }
    }

    /** In a list Redis looks through all others to find a ticket or a permit. */
    @Test
    void aLongQueueAndSomeHoldersAreTables() {
        Partition many = new Partition("many", null, List.of(ConcurrencyLimit.of(129)), 1, LEASE);
        waitInLine(many, 7);
        assertThat(encoding("{many}:h")).isNotEqualTo("hashtable");
        waitInLine(many, 1);
        assertThat(encoding("{many}:h")).isEqualTo("hashtable");
        waitInLine(many, 120);
        assertThat(encoding("{many}:e")).isEqualTo("none");
        waitInLine(many, 1);
        assertThat(encoding("{many}:e")).isEqualTo("skiplist");
        waitInLine(many, 31);
        assertThat(encoding("{many}:t")).isNotEqualTo("hashtable");
        assertThat(encoding("{many}:q")).isNotEqualTo("skiplist");
        waitInLine(many, 1);
        assertThat(encoding("{many}:t")).isEqualTo("hashtable");
        assertThat(encoding("{many}:q")).isEqualTo("skiplist");
        try (RedisConnection connection = this.connections.getConnection()) {
            assertThat(connection.hashCommands().hLen(bytes("count:{many}:h"))).isEqualTo(129);
            assertThat(connection.zSetCommands().zCard(bytes("count:{many}:e"))).isEqualTo(129);
            assertThat(connection.hashCommands().hLen(bytes("count:{many}:t"))).isEqualTo(32);
            assertThat(connection.zSetCommands().zCard(bytes("count:{many}:q"))).isEqualTo(32);
        }
    }

    private void waitInLine(Partition partition, int calls) {
        for (int i = 0; i < calls; i++) {
            this.backend
                    .execute(partition, new Acquire("a:" + this.tickets++, List.of(1L), 9_000_000, 0, 100))
                    .toCompletableFuture()
                    .join();
        }
    }

    private String encoding(String key) {
        try (RedisConnection connection = this.connections.getConnection()) {
            ValueEncoding encoding = connection.keyCommands().encodingOf(bytes("count:" + key));
            return (encoding != RedisValueEncoding.VACANT) ? encoding.raw() : "none";
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void acquire(Partition partition, String ticket) {
        this.backend
                .execute(partition, new Acquire(ticket, List.of(1L)))
                .toCompletableFuture()
                .join();
    }

    private long calls(String command) {
        String line = statistics().getProperty("cmdstat_" + command, "calls=0,");
        return Long.parseLong(line.substring("calls=".length(), line.indexOf(',')));
    }

    private long total() {
        return statistics().stringPropertyNames().stream()
                .map((name) -> name.substring("cmdstat_".length()))
                .mapToLong(this::calls)
                .sum();
    }

    private Properties statistics() {
        try (RedisConnection connection = this.connections.getConnection()) {
            Properties statistics = connection.serverCommands().info("commandstats");
            statistics.remove("cmdstat_info");
            statistics.remove("cmdstat_config|resetstat");
            return statistics;
        }
    }
}
