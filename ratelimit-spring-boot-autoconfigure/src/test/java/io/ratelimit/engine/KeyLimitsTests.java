package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitResolver;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceOverride.LimitOverride;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.engine.SteeredBackend.Wire;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Limits that a resolver decides for each key. */
class KeyLimitsTests {

    private static final Duration CACHE = Duration.ofSeconds(10);

    private final MovableTime time = new MovableTime();

    private final SteeredBackend backend = new SteeredBackend(this.time);

    private final Plans plans = new Plans();

    private final List<LimiterEngine> engines = new ArrayList<>();

    private final LimiterEngine engine = engine();

    private LimiterEngine engine() {
        ResourceDefinition own = new ResourceDefinition(
                "own",
                List.of(perMinute(10)),
                null,
                LimitPolicy.REJECT,
                null,
                10,
                BackendFailurePolicy.LOCAL,
                false,
                true,
                Map.of());
        ResourceRegistry registry = new ResourceRegistry(
                ResourceDefaults.STANDARD,
                List.of(
                        ResourceDefinition.of("api", perMinute(10)),
                        ResourceDefinition.of("jobs", perMinute(10), ConcurrencyLimit.of(2)),
                        ResourceDefinition.of("bursts", bucket(1_000, 1_000)),
                        ResourceDefinition.of("east", perMinute(1)),
                        ResourceDefinition.of("west", perMinute(1)),
                        own),
                List.of(new PoolDefinition(
                        "anywhere", List.of("east", "west"), PoolStrategy.FIRST_AVAILABLE, Map.of())));
        LimiterEngine made = new LimiterEngine(
                registry,
                this.backend,
                new MemoryBackend(() -> 1_000_000_000_000_000L + TimeUnit.NANOSECONDS.toMicros(this.time.getAsLong())),
                List.of(),
                List.of(this.plans),
                CACHE,
                this.time);
        this.engines.add(made);
        made.beat();
        return made;
    }

    private static RateLimit perMinute(long limit) {
        return new RateLimit("calls", limit, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);
    }

    private static RateLimit bucket(long limit, long burst) {
        return new RateLimit("calls", limit, Duration.ofSeconds(1), RateAlgorithm.TOKEN_BUCKET, burst);
    }

    private static LimitRequest anna(String resource) {
        return LimitRequest.of(resource).key("anna");
    }

    @AfterEach
    void close() {
        this.engines.forEach(LimiterEngine::close);
    }

    private static List<Long> limits(Permit permit) {
        return permit.limits().stream()
                .map(LimitStatus::limit)
                .map(Limit::limit)
                .toList();
    }

    @Nested
    class Deciding {

        @Test
        void standsInForTheLimitsOfTheResource() {
            plans.set("anna", perMinute(100));
            assertThat(limits(engine.acquire(anna("jobs")))).containsExactly(100L, 2L);
            assertThat(limits(engine.acquire(LimitRequest.of("jobs").key("bob"))))
                    .containsExactly(10L, 2L);
        }

        @Test
        void countsForTheCapacity() {
            plans.set("anna", perMinute(3));
            plans.set("bob", perMinute(100));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire(anna("api").amount("calls", 4)))
                    .withMessageContaining("The amount 4 is above the capacity 3");
            assertThat(engine.acquire(LimitRequest.of("api").key("bob").amount("calls", 50))
                            .isValid())
                    .isTrue();
        }

        @Test
        void keepsTheLeaseOfTheResource() {
            plans.set("anna", new ConcurrencyLimit("default", 7, Duration.ofMillis(100), Duration.ofMinutes(1)));
            assertThat(engine.acquire(anna("jobs")).limits().get(1).limit())
                    .isEqualTo(new ConcurrencyLimit("default", 7, Duration.ofSeconds(10), Duration.ofMinutes(1)));
        }

        @Test
        void isForEachMemberOfAPool() {
            plans.set("anna", perMinute(2));
            List<String> members = IntStream.range(0, 4)
                    .mapToObj((i) -> engine.acquire(anna("anywhere")).resource())
                    .toList();
            assertThat(members).containsExactly("east", "east", "west", "west");
            assertThat(engine.tryAcquire(anna("anywhere"))).isEmpty();
        }

        @Test
        void showsInInspection() {
            plans.set("anna", perMinute(100));
            assertThat(engine.operations().inspect("api", "anna").join().limits())
                    .extracting((status) -> status.limit().limit())
                    .containsExactly(100L);
        }

        @Test
        void holdsForAShareWhileTheBackendIsAway() {
            plans.set("anna", perMinute(2));
            backend.wire(Wire.CUT);
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(2L);
            engine.acquire(anna("api"));
            assertThat(engine.tryAcquire(anna("api"))).isEmpty();
        }

        @Test
        void holdsForALimitPerInstance() {
            plans.set("anna", perMinute(1));
            engine.acquire(anna("own"));
            assertThat(engine.tryAcquire(anna("own"))).isEmpty();
            plans.set("anna", perMinute(2));
            time.advance(CACHE);
            assertThat(engine.tryAcquire(anna("own"))).isPresent();
            assertThat(engine.tryAcquire(anna("own"))).isEmpty();
        }
    }

    @Nested
    class Asking {

        @Test
        void isOnceForAsLongAsTheAnswerCounts() {
            engine.acquire(anna("api"));
            engine.acquire(anna("api"));
            time.advance(CACHE.minusNanos(1));
            engine.acquire(anna("api"));
            assertThat(plans.asked).containsExactly("api/anna");
            time.advance(Duration.ofNanos(1));
            engine.acquire(anna("api"));
            assertThat(plans.asked).containsExactly("api/anna", "api/anna");
        }

        @Test
        void isOnceForAllThatCome() {
            plans.hold = new CountDownLatch(1);
            List<CompletableFuture<Permit>> all = IntStream.range(0, 5)
                    .mapToObj((i) -> engine.acquireAsync(anna("api")))
                    .toList();
            assertThat(all).noneMatch(CompletableFuture::isDone);
            plans.hold.countDown();
            all.forEach(CompletableFuture::join);
            assertThat(plans.asked).containsExactly("api/anna");
        }

        @Test
        void isNotOnTheThreadOfTheCaller() {
            engine.acquire(anna("api"));
            assertThat(plans.threads).containsExactly("ratelimit-resolver");
        }

        @Test
        void isOnlyForKeysAndForWhatConcerns() {
            engine.acquire("api");
            plans.concerned = "jobs";
            engine.acquire(anna("api"));
            assertThat(plans.asked).isEmpty();
        }

        @Test
        void leavesNothingBehindForWhoHasGone() {
            plans.hold = new CountDownLatch(1);
            CompletableFuture<Permit> gone = engine.acquireAsync(anna("jobs"));
            gone.cancel(true);
            plans.hold.countDown();
            assertThat(engine.operations().inspect("jobs", "anna").join().holders())
                    .isEmpty();
        }

        @Test
        void leavesNobodyHangingAfterTheEnd() {
            engine.close();
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(10L);
        }
    }

    @Nested
    class Changing {

        @Test
        void keepsWhatIsUsedUp() {
            plans.set("anna", perMinute(3));
            IntStream.range(0, 3).forEach((i) -> engine.acquire(anna("api")));
            assertThat(engine.tryAcquire(anna("api"))).isEmpty();

            plans.set("anna", perMinute(5));
            time.advance(CACHE);

            engine.acquire(anna("api"));
            engine.acquire(anna("api"));
            LimitExceededException refusal =
                    catchThrowableOfType(LimitExceededException.class, () -> engine.acquire(anna("api")));
            assertThat(refusal.limits())
                    .extracting(LimitStatus::used, (status) -> status.limit().limit())
                    .containsExactly(tuple(5L, 5L));
        }

        @Test
        void backToThoseOfTheResourceCountsToo() {
            plans.set("anna", perMinute(100));
            IntStream.range(0, 20).forEach((i) -> engine.acquire(anna("api")));
            plans.byKey.clear();
            time.advance(CACHE);
            LimitExceededException refusal =
                    catchThrowableOfType(LimitExceededException.class, () -> engine.acquire(anna("api")));
            assertThat(refusal.limits().get(0).used()).isEqualTo(20);
            assertThat(refusal.limits().get(0).limit().limit()).isEqualTo(10);
        }

        @Test
        void isNotUndoneByAnInstanceThatHasNotHeardOfItYet() {
            LimiterEngine other = engine();
            plans.set("anna", perMinute(3));
            engine.acquire(anna("api"));
            time.advance(CACHE.dividedBy(2));
            other.acquire(anna("api"));
            plans.set("anna", perMinute(5));
            time.advance(CACHE.dividedBy(2));

            assertThat(limits(engine.acquire(anna("api")))).containsExactly(5L);
            assertThat(limits(other.acquire(anna("api")))).containsExactly(5L);
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(5L);
            assertThat(engine.tryAcquire(anna("api"))).isEmpty();
            assertThat(other.tryAcquire(anna("api"))).isEmpty();
        }

        /** It has seen no change: what it knew before and knows now is the same, and newer than what it missed. */
        @Test
        void thereAndBackIsSeenByAnInstanceThatMissedBoth() {
            LimiterEngine other = engine();
            plans.set("anna", perMinute(3));
            other.acquire(anna("api"));
            time.advance(Duration.ofSeconds(1));
            plans.set("anna", perMinute(5));
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(5L);
            plans.set("anna", perMinute(3));
            time.advance(CACHE);

            assertThat(limits(other.acquire(anna("api")))).containsExactly(3L);
        }
    }

    @Nested
    class ChangedByAnOperator {

        private final ResourceOverride seven =
                new ResourceOverride(List.of(new LimitOverride(LimitKind.RATE, "calls", 7L, null)), null, null, null);

        @Test
        void countsForAllKeysAtOnce() {
            plans.set("anna", perMinute(100));
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(100L);

            change();

            assertThat(limits(engine.acquire(anna("api")))).containsExactly(7L);
            assertThat(limits(engine.acquire(LimitRequest.of("api").key("bob"))))
                    .containsExactly(7L);
            time.advance(Duration.ofMillis(1));
            engine.operations().resetOverride("api").join();
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(100L);
        }

        @Test
        void countsWhileTheResolverFailsToo() {
            plans.set("anna", perMinute(100));
            engine.acquire(anna("api"));
            plans.failure = new IllegalStateException("no database");
            change();
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(7L);
        }

        private void change() {
            time.advance(Duration.ofMillis(1));
            engine.operations().override("api", this.seven).join();
        }

        @Test
        void leavesTheOtherLimitsToTheResolver() {
            plans.set("anna", new ConcurrencyLimit("default", 50, Duration.ofSeconds(10), null));
            engine.operations().override("jobs", this.seven).join();
            assertThat(limits(engine.acquire(anna("jobs")))).containsExactly(7L, 50L);
        }
    }

    @Nested
    @ExtendWith(OutputCaptureExtension.class)
    class Failing {

        @Test
        void leavesTheLimitsOfTheResource(CapturedOutput output) {
            plans.failure = new IllegalStateException("no database");
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(10L);
            assertThat(output)
                    .contains("The limits of the resource 'api' for a key cannot be resolved; the resource's own hold")
                    .contains("no database")
                    .doesNotContain("anna");
        }

        @Test
        void leavesTheLimitsThatWereKnownLast(CapturedOutput output) {
            plans.set("anna", perMinute(100));
            engine.acquire(anna("api"));
            plans.failure = new IllegalStateException("no database");
            time.advance(CACHE);
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(100L);
            assertThat(output).contains("those known last hold");
        }

        @Test
        void overridesNothingThatAnotherInstanceKnows() {
            LimiterEngine other = engine();
            plans.set("anna", perMinute(100));
            other.acquire(anna("api"));
            plans.failure = new IllegalStateException("no database");
            LimiterEngine late = engine();
            assertThat(limits(late.acquire(anna("api")))).containsExactly(100L);
        }

        /** The change goes together with the limits of the resource, but not with those of the key: a million windows of 30 days. */
        @Test
        void isWhatDoesNotGoTogetherWithTheChangeOfAnOperator(CapturedOutput output) throws Exception {
            plans.set("anna", bucket(10, 10_000_000));
            assertThat(limits(engine.acquire(anna("bursts")))).containsExactly(10L);
            LimitOverride thirtyDays = new LimitOverride(LimitKind.RATE, "calls", null, Duration.ofDays(30));
            time.advance(Duration.ofMillis(1));
            engine.operations()
                    .override("bursts", new ResourceOverride(List.of(thirtyDays), null, null, null))
                    .join();
            for (int i = 0; i < 2; i++) {
                Permit permit = engine.acquireAsync(anna("bursts")).get(1, TimeUnit.MINUTES);
                assertThat(permit.limits().get(0).limit())
                        .isEqualTo(
                                new RateLimit("calls", 1_000, Duration.ofDays(30), RateAlgorithm.TOKEN_BUCKET, 1_000));
                time.advance(Duration.ofSeconds(1));
            }
            assertThat(output).contains("the resource's own hold").contains("calls");
        }

        @Test
        void isTriedAgainAfterASecond() {
            plans.failure = new IllegalStateException("no database");
            engine.acquire(anna("api"));
            engine.acquire(anna("api"));
            assertThat(plans.asked).hasSize(1);
            plans.failure = null;
            plans.set("anna", perMinute(100));
            time.advance(Duration.ofSeconds(1));
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(100L);
        }

        @Test
        void isAlsoWhatDoesNotFit(CapturedOutput output) {
            plans.set("anna", RateLimit.of(5, Duration.ofSeconds(1)));
            assertThat(limits(engine.acquire(anna("api")))).containsExactly(10L);
            assertThat(output)
                    .contains(
                            "The resource 'api' has no rate limit 'default' that a LimitResolver could decide. Its limits: calls");
        }
    }

    /** Decides by key, writes down what it is asked, and can be made to fail or to take its time. */
    private static final class Plans implements LimitResolver {

        private final Map<String, List<Limit>> byKey = new ConcurrentHashMap<>();

        private final List<String> asked = new CopyOnWriteArrayList<>();

        private final List<String> threads = new CopyOnWriteArrayList<>();

        private volatile CountDownLatch hold = new CountDownLatch(0);

        private volatile RuntimeException failure;

        private volatile String concerned = "";

        void set(String key, Limit limit) {
            this.byKey.put(key, List.of(limit));
        }

        @Override
        public boolean concerns(String resource) {
            return resource.startsWith(this.concerned);
        }

        @Override
        public List<Limit> resolve(String resource, String key) {
            this.asked.add(resource + "/" + key);
            this.threads.add(Thread.currentThread().getName());
            try {
                this.hold.await();
            } catch (InterruptedException ex) {
                throw new IllegalStateException(ex);
            }
            if (this.failure != null) {
                throw this.failure;
            }
            return this.byKey.getOrDefault(key, List.of());
        }
    }
}
