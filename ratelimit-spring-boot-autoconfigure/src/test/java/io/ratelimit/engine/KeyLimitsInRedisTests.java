package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.ratelimit.Limit;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two instances on one Redis, one of which asks for the plan with every call, the other hardly ever. */
@WithRedis
class KeyLimitsInRedisTests {

    private static final LimitRequest ANNA = LimitRequest.of("api").key("anna");

    private final List<AutoCloseable> open = new ArrayList<>();

    private volatile List<Limit> plan = List.of(perHour(3));

    private LimiterEngine quick;

    private LimiterEngine slow;

    @BeforeEach
    void start() {
        this.quick = engine(Duration.ZERO);
        this.slow = engine(Duration.ofHours(1));
    }

    private LimiterEngine engine(Duration cache) {
        RedisBackend backend =
                new RedisBackend(RedisConnections.to(RedisServer.shared()), "key-limits:", Duration.ofSeconds(10));
        LimiterEngine engine = new LimiterEngine(
                new ResourceRegistry(ResourceDefaults.STANDARD, List.of(ResourceDefinition.of("api", perHour(1)))),
                backend,
                new MemoryBackend(),
                List.of(),
                List.of((resource, key) -> this.plan),
                cache);
        engine.start();
        this.open.add(engine);
        this.open.add(backend);
        int instances = this.open.size() / 2;
        await().until(() -> engine.operations().liveInstances() == instances);
        return engine;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : this.open) {
            one.close();
        }
    }

    private static RateLimit perHour(long limit) {
        return new RateLimit("calls", limit, Duration.ofHours(1), RateAlgorithm.SLIDING_WINDOW);
    }

    @Test
    void aChangeKeepsWhatIsUsedUpAndHoldsForAll() {
        this.slow.acquire(ANNA);
        IntStream.range(0, 2).forEach((i) -> this.quick.acquire(ANNA));
        assertThat(this.quick.tryAcquire(ANNA)).isEmpty();

        this.plan = List.of(perHour(5));
        // refusals are remembered for up to 100 ms, of limits that are no more as well
        Permit fourth = await().until(() -> this.quick.tryAcquire(ANNA), (permit) -> permit.isPresent())
                .orElseThrow();

        assertThat(fourth.limits())
                .extracting((status) -> status.limit().limit(), LimitStatus::used)
                .containsExactly(tuple(5L, 4L));
        assertThat(this.slow.acquire(ANNA).limits())
                .extracting((status) -> status.limit().limit(), LimitStatus::used)
                .containsExactly(tuple(5L, 5L));
        assertThat(this.quick.tryAcquire(ANNA)).isEmpty();
        assertThat(this.slow.tryAcquire(ANNA)).isEmpty();
    }

    @Test
    void aLowerLimitHoldsForAllToo() {
        IntStream.range(0, 2).forEach((i) -> this.slow.acquire(ANNA));
        this.plan = List.of(perHour(2));
        assertThat(this.quick.tryAcquire(ANNA)).isEmpty();
        assertThat(this.slow.tryAcquire(ANNA)).isEmpty();
    }
}
