package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A pool of three, one of them saturated, one just emptied by a lost state, one free: no acquisition waits or is refused while, at the moment
 * of asking, a member could serve it.
 */
abstract class PoolFailover {

    private static final int EACH = 3;

    private static final int FREE = 2 * EACH;

    private static final Duration LONG = Duration.ofMinutes(1);

    private final List<CompletableFuture<Permit>> waiting = new ArrayList<>();

    private LimiterEngine here;

    private LimiterEngine there;

    /** Makes the backend, empty. */
    abstract LimitBackend backend();

    /** Loses what the backend knows of one resource. */
    abstract void lose(String resource);

    @BeforeEach
    void start() {
        this.here = engine();
        this.there = engine();
    }

    @AfterEach
    void close() {
        this.waiting.forEach((future) -> future.cancel(true));
        this.here.close();
        this.there.close();
    }

    private LimiterEngine engine() {
        List<ResourceDefinition> members = Stream.of("saturated", "emptied", "free")
                .flatMap((name) -> Stream.of(
                        ResourceDefinition.of(name, ConcurrencyLimit.of(EACH)),
                        ResourceDefinition.of(name + "-rate", RateLimit.of(EACH, Duration.ofHours(1)))))
                .toList();
        List<PoolDefinition> pools = Stream.of(PoolStrategy.values())
                .flatMap((strategy) -> Stream.of(
                        pool(strategy + "-slots", strategy, List.of("saturated", "emptied", "free")),
                        pool(strategy + "-rates", strategy, List.of("saturated-rate", "emptied-rate", "free-rate"))))
                .toList();
        return new LimiterEngine(
                new ResourceRegistry(ResourceDefaults.STANDARD, members, pools),
                backend(),
                new MemoryBackend(),
                List.of());
    }

    private static PoolDefinition pool(String name, PoolStrategy strategy, List<String> members) {
        Map<String, Integer> weights = (strategy == PoolStrategy.WEIGHTED) ? Map.of(members.get(0), 5) : Map.of();
        return new PoolDefinition(name, members, strategy, weights);
    }

    private static void exhaust(LimiterEngine engine, String resource) {
        IntStream.range(0, EACH).forEach((i) -> engine.acquire(resource));
        assertThatThrownBy(() -> engine.acquire(resource)).isInstanceOf(LimitExceededException.class);
    }

    @ParameterizedTest
    @EnumSource
    void refusesNothingWhileAMemberHasASlot(PoolStrategy strategy) {
        exhaust(this.there, "saturated");
        exhaust(this.there, "emptied");
        lose("emptied");

        List<Permit> permits = IntStream.range(0, FREE)
                .mapToObj((i) -> this.here.acquire(strategy + "-slots"))
                .toList();

        assertThat(permits)
                .extracting(Permit::resource)
                .containsExactlyInAnyOrder("emptied", "emptied", "emptied", "free", "free", "free");
        assertThatThrownBy(() -> this.here.acquire(strategy + "-slots"))
                .isInstanceOfSatisfying(
                        LimitExceededException.class,
                        (refusal) -> assertThat(refusal.resource()).isEqualTo(strategy + "-slots"));
        permits.get(4).close();
        assertThat(this.here.acquire(strategy + "-slots").resource())
                .isEqualTo(permits.get(4).resource());
    }

    @ParameterizedTest
    @EnumSource
    void letsNobodyWaitWhileAMemberHasASlot(PoolStrategy strategy) {
        exhaust(this.there, "saturated");
        exhaust(this.there, "emptied");
        lose("emptied");

        List<CompletableFuture<Permit>> all = IntStream.range(0, FREE)
                .parallel()
                .mapToObj((i) -> ask(strategy + "-slots"))
                .toList();

        await().until(() -> all.stream().allMatch(CompletableFuture::isDone));
        assertThat(all.stream().map(CompletableFuture::join))
                .extracting(Permit::resource)
                .containsExactlyInAnyOrder("emptied", "emptied", "emptied", "free", "free", "free");
        CompletableFuture<Permit> oneMore = ask(strategy + "-slots");
        await().until(() -> queued() == 1);
        assertThat(oneMore).isNotDone();
        oneMore.cancel(true);
        await().until(() -> queued() == 0);
    }

    /** Who waits must not go by a refusal that is remembered from before the state was lost. */
    @ParameterizedTest
    @EnumSource
    void letsNobodyWaitForARateThatIsOpenAgain(PoolStrategy strategy) {
        exhaust(this.here, "saturated-rate");
        exhaust(this.here, "emptied-rate");
        exhaust(this.here, "free-rate");
        lose("emptied-rate");

        List<CompletableFuture<Permit>> all = IntStream.range(0, EACH)
                .mapToObj((i) -> ask(strategy + "-rates"))
                .toList();

        await().until(() -> all.stream().allMatch(CompletableFuture::isDone));
        assertThat(all.stream().map(CompletableFuture::join))
                .extracting(Permit::resource)
                .containsOnly("emptied-rate");
    }

    private CompletableFuture<Permit> ask(String pool) {
        CompletableFuture<Permit> future =
                this.here.acquireAsync(LimitRequest.of(pool).maxWait(LONG));
        synchronized (this.waiting) {
            this.waiting.add(future);
        }
        return future;
    }

    private long queued() {
        return Stream.of("saturated", "emptied", "free")
                .mapToLong((member) ->
                        this.there.operations().inspect(member, null).join().queued())
                .sum();
    }
}
