package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Forgive;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.RecordedNotices;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * What a flood of refused calls costs Redis, counted by Redis itself.
 */
@WithRedis
class RefusalFloodTests {

    private static final Partition RATE = new Partition(
            "rate",
            null,
            List.of(RateLimit.of(5, Duration.ofHours(1)), ConcurrencyLimit.of(100)),
            1,
            Duration.ofSeconds(10));

    private static final Partition SLOT =
            new Partition("slot", null, List.of(ConcurrencyLimit.of(1)), 1, Duration.ofSeconds(10));

    private final LettuceConnectionFactory connections = RedisConnections.to(RedisServer.shared());

    private final RedisBackend backend = new RedisBackend(this.connections, "flood:", Duration.ofSeconds(10));

    private final AtomicLong tickets = new AtomicLong();

    @BeforeEach
    void useTheRateUp() {
        this.backend.listen("a", new RecordedNotices());
        assertThat(acquire(5, 0)).isInstanceOf(Granted.class);
        try (RedisConnection connection = this.connections.getConnection()) {
            connection.serverCommands().resetConfigStats();
        }
    }

    @AfterEach
    void close() {
        this.backend.close();
    }

    private Decision acquire(long amount, long slots) {
        return execute(RATE, new Acquire(ticket(), List.of(amount, slots)));
    }

    private Decision execute(Partition partition, Acquire acquire) {
        Refused known = (acquire.maxWaitMicros() == 0) ? this.backend.knownRefusal(partition, acquire.amounts()) : null;
        return (known != null)
                ? known
                : this.backend.execute(partition, acquire).toCompletableFuture().join();
    }

    private String ticket() {
        return "a:" + this.tickets.incrementAndGet();
    }

    private long calls() {
        try (RedisConnection connection = this.connections.getConnection()) {
            String line = connection.serverCommands().info("commandstats").getProperty("cmdstat_evalsha", "calls=0,");
            return Long.parseLong(line.substring("calls=".length(), line.indexOf(',')));
        }
    }

    private static long tenASecond(long sinceNanos) {
        return (System.nanoTime() - sinceNanos) / Duration.ofMillis(100).toNanos() + 1;
    }

    @Test
    void ofOneThreadCostsTenCallsASecondAtMost() {
        long startNanos = System.nanoTime();
        for (int i = 0; i < 200_000; i++) {
            assertThat(acquire(2, i % 2)).isInstanceOf(Refused.class);
        }
        assertThat(calls()).isBetween(1L, tenASecond(startNanos));
    }

    @Test
    void ofManyThreadsCostsTenCallsASecondToo() {
        ExecutorService callers = Executors.newFixedThreadPool(16);
        long startNanos = System.nanoTime();
        assertThat(acquire(1, 0)).isInstanceOf(Refused.class); // before there is an answer, each has to ask
        List<CompletableFuture<Void>> floods = new ArrayList<>();
        for (int thread = 0; thread < 16; thread++) {
            floods.add(CompletableFuture.runAsync(
                    () -> {
                        for (int i = 0; i < 20_000; i++) {
                            assertThat(acquire(1, 0)).isInstanceOf(Refused.class);
                        }
                    },
                    callers));
        }
        floods.forEach(CompletableFuture::join);
        callers.shutdown();
        assertThat(calls()).isBetween(1L, tenASecond(startNanos));
    }

    @Test
    void doesNotKeepARefundFromBeingSeenForLong() {
        Granted granted = (Granted) this.backend
                .execute(partition("refunded"), new Acquire("a:first", List.of(5L, 0L)))
                .toCompletableFuture()
                .join();
        Acquire next = new Acquire("a:next", List.of(5L, 0L));
        assertThat(execute(partition("refunded"), next)).isInstanceOf(Refused.class);
        this.backend
                .execute(partition("refunded"), new Cancel("a:first", List.of(5L, 0L), granted.grantedAtMicros()))
                .toCompletableFuture()
                .join();
        await().pollInterval(Duration.ofMillis(5)).until(() -> execute(partition("refunded"), next) instanceof Granted);
        assertThat(calls()).isLessThanOrEqualTo(6);
    }

    @Test
    void doesNotHideWhatIsGivenBackElsewhere() {
        assertThat(acquire(1, 0)).isInstanceOf(Refused.class);
        try (RedisBackend elsewhere = new RedisBackend(this.connections, "flood:", Duration.ofSeconds(10))) {
            elsewhere.execute(RATE, new Forgive()).toCompletableFuture().join();
        }
        await().pollInterval(Duration.ofMillis(5)).until(() -> acquire(1, 0) instanceof Granted);
        for (int i = 0; i < 4; i++) {
            assertThat(acquire(1, 0)).isInstanceOf(Granted.class);
        }
        assertThat(acquire(1, 0)).isInstanceOf(Refused.class);
    }

    private static Partition partition(String key) {
        return new Partition(RATE.resource(), key, RATE.limits(), RATE.stampMicros(), RATE.lease());
    }

    @Test
    void doesNotTurnThoseAwayWhoWait() {
        assertThat(acquire(1, 0)).isInstanceOf(Refused.class);
        Acquire waiting =
                new Acquire(ticket(), List.of(1L, 0L), Duration.ofHours(2).toNanos() / 1_000, 0, 1_000);
        assertThat(execute(RATE, waiting)).isInstanceOf(Queued.class);
    }

    @Test
    void ofSlotsAsksEveryTime() {
        execute(SLOT, new Acquire("a:held", List.of(1L)));
        long before = calls();
        for (int i = 0; i < 10; i++) {
            assertThat(execute(SLOT, new Acquire(ticket(), List.of(1L)))).isInstanceOf(Refused.class);
        }
        assertThat(calls() - before).isEqualTo(10);
        this.backend.execute(SLOT, new Release("a:held")).toCompletableFuture().join();
        assertThat(execute(SLOT, new Acquire(ticket(), List.of(1L)))).isInstanceOf(Granted.class);
    }

    @Test
    void ofTwoLimitsInTurnsCostsTenCallsASecondForEach() {
        Partition two = new Partition(
                "two",
                null,
                List.of(
                        RateLimit.of(1, Duration.ofHours(1)),
                        new RateLimit("other", 1, Duration.ofHours(1), RateAlgorithm.SLIDING_WINDOW)),
                1,
                Duration.ofSeconds(10));
        execute(two, new Acquire(ticket(), List.of(1L, 1L)));
        long before = calls();
        long startNanos = System.nanoTime();
        for (int i = 0; i < 2_000; i++) {
            List<Long> amounts = (i % 2 == 0) ? List.of(1L, 0L) : List.of(0L, 1L);
            assertThat(execute(two, new Acquire(ticket(), amounts))).isInstanceOf(Refused.class);
        }
        assertThat(calls() - before).isLessThanOrEqualTo(2 * tenASecond(startNanos));
    }
}
