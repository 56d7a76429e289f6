package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.engine.SteeredBackend.Wire;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What an acquisition of a pool comes to. The members are asked in the order of their names. */
class PoolTests {

    private static final Duration LONG = Duration.ofMinutes(1);

    private final MovableTime time = new MovableTime();

    private final SteeredBackend backend = new SteeredBackend(this.time);

    private final List<String> answers = new CopyOnWriteArrayList<>();

    private final LimiterEngine engine = new LimiterEngine(
            registry(),
            this.backend,
            new MemoryBackend(() -> 1_000_000_000_000_000L + TimeUnit.NANOSECONDS.toMicros(this.time.getAsLong())),
            List.of(new LimitListener() {
                @Override
                public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
                    PoolTests.this.answers.add(resource + " " + outcome);
                }
            }),
            this.time);

    private static ResourceRegistry registry() {
        return new ResourceRegistry(
                ResourceDefaults.STANDARD,
                List.of(
                        resource("east", ConcurrencyLimit.of(1)),
                        resource("west", ConcurrencyLimit.of(2)),
                        resource("slow", rate(1, 10)),
                        resource("fast", rate(1, 2)),
                        resource("narrow-a", null, LimitPolicy.BLOCK, 1, BackendFailurePolicy.REJECT, false),
                        resource("narrow-b", null, LimitPolicy.BLOCK, 1, BackendFailurePolicy.REJECT, false),
                        resource("shared", null, LimitPolicy.BLOCK, 10, BackendFailurePolicy.REJECT, false),
                        resource("shares", null, LimitPolicy.BLOCK, 10, BackendFailurePolicy.LOCAL, false),
                        resource("own", null, LimitPolicy.BLOCK, 10, BackendFailurePolicy.REJECT, true),
                        resource("watched", null, LimitPolicy.OBSERVE, 10, BackendFailurePolicy.REJECT, false),
                        resource("keyed", "user", LimitPolicy.REJECT, 10, BackendFailurePolicy.REJECT, false)),
                List.of(
                        pool("regions", "east", "west"),
                        pool("rates", "slow", "fast"),
                        pool("narrow", "narrow-a", "narrow-b"),
                        pool("mixed", "shared", "own"),
                        pool("away", "shared", "shares"),
                        pool("lone", "shared"),
                        pool("observed", "watched"),
                        pool("users", "east", "keyed")));
    }

    private static ResourceDefinition resource(String name, Limit... limits) {
        ResourceDefinition plain = ResourceDefinition.of(name, limits);
        return new ResourceDefinition(
                name,
                plain.limits(),
                null,
                LimitPolicy.REJECT,
                null,
                10,
                BackendFailurePolicy.REJECT,
                false,
                false,
                Map.of("region", name + "-1"));
    }

    private static ResourceDefinition resource(
            String name,
            @Nullable String key,
            LimitPolicy policy,
            int maxQueue,
            BackendFailurePolicy onBackendFailure,
            boolean perInstance) {
        return new ResourceDefinition(
                name,
                List.of(ConcurrencyLimit.of(1)),
                key,
                policy,
                LONG,
                maxQueue,
                onBackendFailure,
                false,
                perInstance,
                Map.of());
    }

    private static RateLimit rate(long limit, int seconds) {
        return new RateLimit("calls", limit, Duration.ofSeconds(seconds), RateAlgorithm.SLIDING_WINDOW);
    }

    private static PoolDefinition pool(String name, String... members) {
        return new PoolDefinition(name, List.of(members), PoolStrategy.FIRST_AVAILABLE, Map.of());
    }

    @AfterEach
    void close() {
        this.engine.close();
    }

    private Permit acquire(String name) {
        return this.engine.acquire(LimitRequest.of(name));
    }

    private CompletableFuture<Permit> ask(String name) {
        return this.engine.acquireAsync(LimitRequest.of(name).maxWait(LONG));
    }

    private long queued(String resource) {
        return this.engine.operations().inspect(resource, null).join().queued();
    }

    private long holders(String resource) {
        return this.engine.operations().inspect(resource, null).join().holderCount();
    }

    private static LimitExceededException refusal(CompletableFuture<Permit> future) {
        CompletionException failure = catchThrowableOfType(CompletionException.class, future::join);
        return (LimitExceededException) failure.getCause();
    }

    @Nested
    class Granting {

        @Test
        void costsOneCallWhereTheFirstChoiceGrants() {
            acquire("regions");
            assertThat(backend.calls()).isEqualTo(1);
        }

        @Test
        void tellsTheMemberAndItsAttributes() {
            Permit first = acquire("regions");
            Permit second = acquire("regions");

            assertThat(first.resource()).isEqualTo("east");
            assertThat(first.attributes()).containsExactly(Map.entry("region", "east-1"));
            assertThat(second.resource()).isEqualTo("west");
            assertThat(second.attributes()).containsExactly(Map.entry("region", "west-1"));
        }

        @Test
        void countsOnceForTheMemberThatGrants() {
            acquire("regions");
            acquire("regions");
            assertThat(answers).containsExactly("east ACQUIRED", "west ACQUIRED");
        }

        @Test
        void worksWithoutWaitingToo() {
            Stream.of(1, 2, 3)
                    .forEach((i) -> assertThat(engine.tryAcquire(LimitRequest.of("regions")))
                            .isPresent());
            assertThat(engine.tryAcquire(LimitRequest.of("regions"))).isEmpty();
            assertThat(backend.calls()).isEqualTo(1 + 2 + 2 + 2);
        }

        @Test
        void worksAmongOthers() {
            List<Permit> permits = engine.acquireAll(List.of(LimitRequest.of("regions"), LimitRequest.of("fast")));
            assertThat(permits).extracting(Permit::resource).containsExactly("east", "fast");
        }

        @Test
        void goesToTheShareOfTheKeyAtEachMember() {
            LimitRequest anna = LimitRequest.of("users").key("anna");
            assertThat(engine.acquire(anna).resource()).isEqualTo("east");
            assertThat(engine.acquire(anna).resource()).isEqualTo("keyed");
            assertThat(engine.tryAcquire(anna)).isEmpty();
            assertThat(engine.acquire(LimitRequest.of("users").key("bob")).resource())
                    .isEqualTo("east");
        }

        @Test
        void needsAKeyWhereAMemberHasOne() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> acquire("users"))
                    .withMessageStartingWith("The resource 'keyed' has a key in its configuration");
            assertThat(backend.calls()).isZero();
        }

        @Test
        void passesOverMembersThatAreTooSmall() {
            Permit permit = engine.acquire(LimitRequest.of("regions").amount("default", 2));
            assertThat(permit.resource()).isEqualTo("west");
            assertThat(backend.calls()).isEqualTo(1);
        }

        @Test
        void ofMoreThanAnyMemberHasFailsAtOnce() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire(
                            LimitRequest.of("regions").amount("default", 3).maxWait(LONG)))
                    .withMessage(
                            "No member of the pool 'regions' can ever grant this. The amount 3 is above the capacity 1 of the limit 'default' of the resource 'east'. The amount 3 is above the capacity 2 of the limit 'default' of the resource 'west'");
            assertThat(backend.calls()).isZero();
        }
    }

    @Nested
    class Refusing {

        @Test
        void namesThePoolAndTellsOfTheMemberThatIsFreeFirst() {
            acquire("rates");
            acquire("rates");
            time.advance(Duration.ofSeconds(1));

            LimitExceededException refusal = catchThrowableOfType(LimitExceededException.class, () -> acquire("rates"));

            assertThat(refusal.resource()).isEqualTo("rates");
            assertThat(refusal.limitName()).isEqualTo("calls");
            assertThat(refusal.retryAfter()).isBetween(Duration.ofSeconds(1), Duration.ofMillis(1001));
            assertThat(refusal.limits())
                    .extracting((status) -> status.limit().limit() + "/" + ((RateLimit) status.limit()).window())
                    .containsExactly("1/PT2S");
            assertThat(answers.get(2)).isEqualTo("fast REJECTED");
        }

        @Test
        void letsObserversGoOn() {
            acquire("observed");
            Permit without = acquire("observed");
            assertThat(without.resource()).isEqualTo("watched");
            assertThat(without.fencingToken()).isZero();
            assertThat(answers).containsExactly("watched ACQUIRED", "watched OBSERVED");
        }
    }

    @Nested
    class Waiting {

        @Test
        void isWhereItWillBeServedFirst() {
            acquire("rates");
            acquire("rates");

            CompletableFuture<Permit> waiting = ask("rates");

            assertThat(waiting).isNotDone();
            assertThat(queued("fast")).isEqualTo(1);
            assertThat(queued("slow")).isZero();
        }

        @Test
        void isInTheShorterQueueOfEquals() {
            Permit a = acquire("narrow");
            Permit b = acquire("narrow");

            CompletableFuture<Permit> first = ask("narrow");
            CompletableFuture<Permit> second = ask("narrow");

            assertThat(List.of(queued("narrow-a"), queued("narrow-b"))).containsExactly(1L, 1L);
            b.close();
            assertThat(second.join().resource()).isEqualTo("narrow-b");
            assertThat(first).isNotDone();
            a.close();
            assertThat(first.join().resource()).isEqualTo("narrow-a");
            assertThat(answers)
                    .containsExactly(
                            "narrow-a ACQUIRED", "narrow-b ACQUIRED", "narrow-b ACQUIRED", "narrow-a ACQUIRED");
        }

        /** As the documentation says: what becomes free elsewhere goes to who comes then. */
        @Test
        void keepsItsPlaceWhenAnotherMemberBecomesFree() {
            acquire("narrow");
            Permit b = acquire("narrow");
            CompletableFuture<Permit> waiting = ask("narrow");

            b.close();

            assertThat(waiting).isNotDone();
            assertThat(ask("narrow").join().resource()).isEqualTo("narrow-b");
            assertThat(queued("narrow-a")).isEqualTo(1);
        }

        @Test
        void isRefusedAtOnceWhereAllQueuesAreFull() {
            acquire("narrow");
            acquire("narrow");
            ask("narrow");
            ask("narrow");

            LimitExceededException refusal = refusal(ask("narrow"));

            assertThat(refusal.timedOut()).isFalse();
            assertThat(refusal.resource()).isEqualTo("narrow");
            assertThat(queued("narrow-a") + queued("narrow-b")).isEqualTo(2);
        }

        @Test
        void endsInARefusalOfThePoolWhenTheTimeIsUp() {
            acquire("narrow");
            acquire("narrow");

            LimitExceededException refusal = catchThrowableOfType(
                    LimitExceededException.class,
                    () -> engine.acquire(LimitRequest.of("narrow").maxWait(Duration.ofMillis(1))));

            assertThat(refusal.timedOut()).isTrue();
            assertThat(refusal.resource()).isEqualTo("narrow");
            await().untilAsserted(() ->
                    assertThat(answers).containsExactly("narrow-a ACQUIRED", "narrow-b ACQUIRED", "narrow-a TIMEOUT"));
            assertThat(queued("narrow-a")).isZero();
        }

        @Test
        void canBeCancelled() {
            Permit a = acquire("narrow");
            acquire("narrow");
            CompletableFuture<Permit> waiting = ask("narrow");

            waiting.cancel(true);
            a.close();

            assertThat(queued("narrow-a")).isZero();
            assertThat(holders("narrow-a")).isZero();
            assertThat(answers).last().isEqualTo("narrow-a CANCELLED");
        }
    }

    /** An instance that starts knows it, one that goes on does not. */
    @Nested
    class WhereALimitWasLoweredByADeployment {

        private final LimiterEngine before = engine(10, 10);

        @Test
        void goesOnToTheNextMember() {
            try (this.before;
                    LimiterEngine after = deployed(2, 10)) {
                after.acquire("a");
                assertThat(this.before.acquire(five()).resource()).isEqualTo("b");
            }
        }

        @Test
        void isImpossibleWhereNoMemberIsLargeEnough() {
            try (this.before;
                    LimiterEngine after = deployed(2, 3)) {
                after.acquire("a");
                after.acquire("b");
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> this.before.acquire(five()))
                        .withMessageContaining("The amount 5 is above the capacity 3");
            }
        }

        private static LimitRequest five() {
            return LimitRequest.of("both").amount("calls", 5);
        }

        private LimiterEngine deployed(long a, long b) {
            this.before.beat();
            time.advance(Duration.ofSeconds(1));
            LimiterEngine after = engine(a, b);
            after.beat();
            return after;
        }

        private LimiterEngine engine(long a, long b) {
            return new LimiterEngine(
                    new ResourceRegistry(
                            ResourceDefaults.STANDARD,
                            List.of(resource("a", rate(a, 10)), resource("b", rate(b, 10))),
                            List.of(pool("both", "a", "b"))),
                    backend,
                    new MemoryBackend(),
                    List.of(),
                    time);
        }
    }

    @Nested
    class ChangedByAnOperator {

        @Test
        void aMemberThatIsSwitchedOffLetsCallsGoOnInItsTurn() {
            engine.operations()
                    .override("east", new ResourceOverride(List.of(), null, null, false))
                    .join();
            assertThat(List.of(acquire("regions"), acquire("regions")))
                    .extracting(Permit::resource, Permit::fencingToken)
                    .containsExactly(tuple("east", 0L), tuple("east", 0L));
            assertThat(answers).containsExactly("east BYPASSED", "east BYPASSED");
        }

        @Test
        void aMemberThatBlocksLetsCallsWaitThoughTheOthersDoNot() {
            engine.operations()
                    .override("west", new ResourceOverride(List.of(), LimitPolicy.BLOCK, LONG, null))
                    .join();
            acquire("regions");
            Permit west = acquire("regions");
            acquire("regions");
            CompletableFuture<Permit> waiting = engine.acquireAsync(LimitRequest.of("regions"));
            assertThat(waiting).isNotDone();
            west.close();
            assertThat(waiting.join().resource()).isEqualTo("west");
        }
    }

    @Nested
    class Cancelling {

        @Test
        void whileAMemberIsAskedGivesBackWhatItGrants() {
            backend.holdBack(Acquire.class);
            CompletableFuture<Permit> asked = engine.acquireAsync(LimitRequest.of("regions"));

            asked.cancel(true);
            backend.letGo();

            assertThat(holders("east")).isZero();
            assertThat(holders("west")).isZero();
            assertThat(answers).containsExactly("east CANCELLED");
        }

        @Test
        void whileAMemberIsAskedAsksNoOther() {
            acquire("regions");
            backend.holdBack(Acquire.class);
            CompletableFuture<Permit> asked = engine.acquireAsync(LimitRequest.of("regions"));

            asked.cancel(true);
            backend.letGo();

            assertThat(asked).isCancelled();
            assertThatThrownBy(asked::join).isInstanceOf(CancellationException.class);
            assertThat(holders("west")).isZero();
            assertThat(backend.arrived().stream().filter(Acquire.class::isInstance))
                    .hasSize(2);
        }
    }

    @Nested
    class WhileTheBackendIsAway {

        @Test
        void membersThatCanServeDo() {
            backend.wire(Wire.CUT);
            assertThat(acquire("mixed").resource()).isEqualTo("own");
            assertThat(answers).containsExactly("own ACQUIRED");
        }

        @Test
        void whoWouldWaitWaitsAtAMemberThatAnswers() {
            backend.wire(Wire.CUT);
            Permit own = acquire("mixed");
            CompletableFuture<Permit> waiting = ask("mixed");
            assertThat(waiting).isNotDone();
            own.close();
            assertThat(waiting.join().resource()).isEqualTo("own");
        }

        @Test
        void theOthersGoByTheirOwnPolicy() {
            backend.wire(Wire.CUT);
            assertThat(acquire("away").resource()).isEqualTo("shares");
        }

        @Test
        void whatAReplyThatIsLostHasGrantedIsGivenBack() {
            backend.wire(Wire.DROPS_REPLIES);
            assertThat(acquire("mixed").resource()).isEqualTo("own");
            backend.wire(Wire.WHOLE);
            engine.beat();
            assertThat(holders("shared")).isZero();
        }

        @Test
        void aPoolWithoutAnyMemberThatAnswersCannotBeAsked() {
            backend.wire(Wire.CUT);
            assertThatThrownBy(() -> acquire("lone"))
                    .isInstanceOf(BackendUnavailableException.class)
                    .hasMessageContaining("'shared'");
            assertThat(answers).containsExactly("shared ERROR");
        }
    }

    @Nested
    class Orders {

        private final PoolLoads loads = new PoolLoads(Set.of("a", "b", "c"));

        private final Random random = new Random(42);

        private final PoolOrder order = new PoolOrder(this.loads, this.random::nextDouble);

        private List<String> next(PoolStrategy strategy, Map<String, Integer> weights) {
            return this.order.of(new PoolDefinition("pool", List.of("a", "b", "c"), strategy, weights), false);
        }

        private Map<String, Long> firstOf(int rounds, PoolStrategy strategy, Map<String, Integer> weights) {
            return Stream.generate(() -> next(strategy, weights))
                    .limit(rounds)
                    .peek((order) -> assertThat(order).containsExactlyInAnyOrder("a", "b", "c"))
                    .collect(Collectors.groupingBy((order) -> order.get(0), Collectors.counting()));
        }

        @Test
        void ofFirstAvailableIsThatOfTheConfiguration() {
            assertThat(next(PoolStrategy.FIRST_AVAILABLE, Map.of())).containsExactly("a", "b", "c");
            assertThat(next(PoolStrategy.FIRST_AVAILABLE, Map.of())).containsExactly("a", "b", "c");
        }

        @Test
        void ofRoundRobinBeginsWithTheNext() {
            assertThat(next(PoolStrategy.ROUND_ROBIN, Map.of())).containsExactly("a", "b", "c");
            assertThat(next(PoolStrategy.ROUND_ROBIN, Map.of())).containsExactly("b", "c", "a");
            assertThat(next(PoolStrategy.ROUND_ROBIN, Map.of())).containsExactly("c", "a", "b");
            assertThat(next(PoolStrategy.ROUND_ROBIN, Map.of())).containsExactly("a", "b", "c");
        }

        /** 3000 draws with a fixed seed; three standard deviations are 77. */
        @Test
        void ofRandomBeginsWithAllAlike() {
            assertThat(firstOf(3_000, PoolStrategy.RANDOM, Map.of()).values())
                    .hasSize(3)
                    .allSatisfy((count) -> assertThat(count).isBetween(920L, 1_080L));
        }

        @Test
        void ofWeightedBeginsAsOftenAsTheWeightsSay() {
            Map<String, Long> first = firstOf(3_000, PoolStrategy.WEIGHTED, Map.of("a", 4));
            assertThat(first.get("a")).isBetween(1_920L, 2_080L);
            assertThat(first.get("b")).isBetween(440L, 560L);
            assertThat(first.get("c")).isBetween(440L, 560L);
        }

        @Test
        void ofLeastLoadedBeginsWithTheSmallestShareOfUse() {
            this.loads.onSampled("a", List.of(used(8, 10), used(1, 100)), 0);
            this.loads.onSampled("b", List.of(used(5, 10), used(10, 100)), 0);
            this.loads.onSampled("c", List.of(used(1, 10), used(60, 100)), 0);
            assertThat(next(PoolStrategy.LEAST_LOADED, Map.of())).containsExactly("b", "c", "a");
            this.loads.onSampled("b", List.of(used(5, 10), used(10, 100)), 1);
            assertThat(next(PoolStrategy.LEAST_LOADED, Map.of())).containsExactly("c", "a", "b");
        }

        @Test
        void ofLeastLoadedTakesTurnsAmongEquals() {
            assertThat(firstOf(9, PoolStrategy.LEAST_LOADED, Map.of()))
                    .containsExactly(Map.entry("a", 3L), Map.entry("b", 3L), Map.entry("c", 3L));
        }

        @Test
        void ofLeastLoadedGoesByOpenPermitsForAKey() {
            PoolDefinition pool = new PoolDefinition("keyed", List.of("a", "b"), PoolStrategy.LEAST_LOADED, Map.of());
            this.loads.onGranted("a", 1);
            this.loads.onGranted("a", 1);
            this.loads.onGranted("b", 0);
            assertThat(this.order.of(pool, true)).containsExactly("b", "a");
            this.loads.onEnded("a", 1, Duration.ZERO);
            this.loads.onEnded("a", 1, Duration.ZERO);
            assertThat(this.order.of(pool, true)).containsExactly("a", "b");
        }

        private static LimitStatus used(long used, long limit) {
            return new LimitStatus(ConcurrencyLimit.of(limit), used, Duration.ZERO);
        }
    }

    @Nested
    class Listing {

        @Test
        void tellsAllPools() {
            assertThat(engine.operations().pools())
                    .extracting(PoolDefinition::name)
                    .contains("regions", "users");
            assertThat(engine.operations().pools().get(0).name()).isEqualTo("away");
        }
    }
}
