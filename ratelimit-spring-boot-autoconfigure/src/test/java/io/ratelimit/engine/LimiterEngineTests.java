package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.awaitility.Awaitility.await;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.ConcurrencyLimitExceededException;
import io.ratelimit.Limit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.Permit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.RateLimitExceededException;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.engine.SteeredBackend.Wire;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

class LimiterEngineTests {

    private final MovableTime time = new MovableTime();

    private final SteeredBackend backend = new SteeredBackend(this.time);

    private final Events events = new Events();

    private final AtomicInteger failingCalls = new AtomicInteger();

    private final LimiterEngine engine = engine(
            ResourceDefinition.of("pool", ConcurrencyLimit.of(2)),
            ResourceDefinition.of("calls", RateLimit.of(3, Duration.ofSeconds(1))),
            ResourceDefinition.of(
                    "both",
                    RateLimit.of(3, Duration.ofSeconds(1)),
                    new RateLimit("tokens", 100, Duration.ofSeconds(1), RateAlgorithm.SLIDING_WINDOW),
                    ConcurrencyLimit.of(2)),
            ResourceDefinition.of(
                    "held", new ConcurrencyLimit("default", 1, Duration.ofSeconds(10), Duration.ofSeconds(25))),
            definition("keyed", "user", LimitPolicy.REJECT, BackendFailurePolicy.LOCAL, false, ConcurrencyLimit.of(1)),
            definition("secret", null, LimitPolicy.REJECT, BackendFailurePolicy.LOCAL, false, ConcurrencyLimit.of(1)),
            definition("watched", null, LimitPolicy.OBSERVE, BackendFailurePolicy.LOCAL, false, ConcurrencyLimit.of(1)),
            definition("strict", null, LimitPolicy.REJECT, BackendFailurePolicy.REJECT, false, ConcurrencyLimit.of(1)),
            definition("lenient", null, LimitPolicy.REJECT, BackendFailurePolicy.ALLOW, false, ConcurrencyLimit.of(1)),
            definition("shared", null, LimitPolicy.REJECT, BackendFailurePolicy.LOCAL, false, ConcurrencyLimit.of(9)),
            definition("own", null, LimitPolicy.REJECT, BackendFailurePolicy.LOCAL, true, ConcurrencyLimit.of(1)));

    private LimiterEngine engine(ResourceDefinition... definitions) {
        ResourceRegistry registry = new ResourceRegistry(ResourceDefaults.STANDARD, List.of(definitions));
        LimitListener failing = new LimitListener() {
            @Override
            public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
                if (LimiterEngineTests.this.failingCalls.incrementAndGet() % 2 == 0) {
                    throw new IllegalStateException("a listener that fails");
                }
                throw new LinkageError("a listener of another version");
            }
        };
        return new LimiterEngine(registry, this.backend, new MemoryBackend(), List.of(failing, this.events), this.time);
    }

    private static ResourceDefinition definition(
            String name,
            String key,
            LimitPolicy policy,
            BackendFailurePolicy onBackendFailure,
            boolean perInstance,
            Limit... limits) {
        return new ResourceDefinition(
                name,
                List.of(limits),
                key,
                policy,
                null,
                ResourceDefaults.DEFAULT_MAX_QUEUE,
                onBackendFailure,
                name.equals("secret"),
                perInstance,
                Map.of("region", "here"));
    }

    @AfterEach
    void close() {
        this.engine.close();
    }

    private long used(String resource) {
        return this.engine.operations().inspect(resource, null).join().limits().stream()
                .filter((status) -> status.limit().name().equals("default"))
                .reduce((first, last) -> last)
                .orElseThrow()
                .used();
    }

    private <T> Stream<T> arrived(Class<T> type) {
        return this.backend.arrived().stream().filter(type::isInstance).map(type::cast);
    }

    @Nested
    class Acquiring {

        @Test
        void grantsUpToTheLimitAndClosingFreesTheSlot() {
            Permit first = engine.acquire("pool");
            engine.acquire("pool");
            assertThatThrownBy(() -> engine.acquire("pool")).isInstanceOf(ConcurrencyLimitExceededException.class);
            first.close();
            assertThat(engine.acquire("pool").isValid()).isTrue();
        }

        @Test
        void closingTwiceFreesOneSlot() {
            Permit first = engine.acquire("pool");
            engine.acquire("pool");
            first.close();
            first.close();
            assertThat(used("pool")).isEqualTo(1);
            assertThat(arrived(Release.class)).hasSize(1);
        }

        @Test
        void costsOneCallAndOneForTheRelease() {
            engine.acquire("pool").close();
            assertThat(backend.calls()).isEqualTo(2);
        }

        @Test
        void ofRatesAloneCostsOneCallAndNoneForTheRelease() {
            engine.acquire("calls").close();
            assertThat(backend.calls()).isEqualTo(1);
        }

        @Test
        void tellsWhyItRefuses() {
            for (int i = 0; i < 3; i++) {
                engine.acquire("calls");
            }
            time.advance(Duration.ofMillis(400));
            LimitExceededException refusal =
                    catchThrowableOfType(LimitExceededException.class, () -> engine.acquire("calls"));
            assertThat(refusal).isInstanceOf(RateLimitExceededException.class);
            assertThat(refusal.resource()).isEqualTo("calls");
            assertThat(refusal.limitName()).isEqualTo("default");
            assertThat(refusal.retryAfter()).isEqualTo(Duration.ofMillis(600).plusNanos(1_000));
            assertThat(refusal.timedOut()).isFalse();
            assertThat(refusal.violated()).containsExactly(RateLimit.of(3, Duration.ofSeconds(1)));
            assertThat(refusal.limits()).extracting(LimitStatus::remaining).containsExactly(0L);
            assertThat(refusal)
                    .hasMessage(
                            "The rate limit 'default' of the resource 'calls' (3 per PT1S) is used up; retry in 601 ms");
        }

        @Test
        void neverPutsTheKeyIntoAMessageOrAText() {
            LimitRequest request = LimitRequest.of("keyed").key("alice@example.org");
            engine.acquire(request);
            assertThatThrownBy(() -> engine.acquire(request))
                    .isInstanceOf(LimitExceededException.class)
                    .hasMessageNotContaining("alice");
            assertThat(request.toString()).doesNotContain("alice");
        }

        @Test
        void ofAnUnknownResourceNamesTheKnownOnes() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire("pol"))
                    .withMessageContaining("no resource named 'pol'")
                    .withMessageContaining("pool");
        }

        @Test
        void ofAKeyedResourceNeedsAKey() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire("keyed"))
                    .withMessageContaining("has a key in its configuration");
            assertThatThrownBy(
                            () -> engine.acquireAsync(LimitRequest.of("keyed")).join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(IllegalArgumentException.class);
        }

        @Test
        void ofAnUnknownLimitOrTooMuchFailsAtOnce() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire(LimitRequest.of("both").amount("token", 5)))
                    .withMessageContaining("no limit 'token'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire(LimitRequest.of("both").amount("tokens", 101)))
                    .withMessage(
                            "The amount 101 is above the capacity 100 of the limit 'tokens' of the resource 'both'");
            assertThat(backend.calls()).isZero();
        }

        @Test
        void ofOneKindTakesThatKindOnly() {
            engine.acquire(LimitRequest.of("both").only(LimitKind.RATE).amount("tokens", 30));
            assertThat(engine.operations().inspect("both", null).join().limits())
                    .extracting(LimitStatus::used)
                    .containsExactly(1L, 30L, 0L);
            engine.acquire(LimitRequest.of("both").only(LimitKind.CONCURRENCY));
            assertThat(engine.operations().inspect("both", null).join().limits())
                    .extracting(LimitStatus::used)
                    .containsExactly(1L, 30L, 1L);
        }

        @Test
        void ofAKindThatTheResourceLacksIsAnError() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire(LimitRequest.of("pool").only(LimitKind.RATE)))
                    .withMessageContaining("takes nothing");
        }

        @Test
        void triedIsEmptyWhereALimitSaysNo() {
            assertThat(engine.tryAcquire(LimitRequest.of("secret").key("k"))).isPresent();
            assertThat(engine.tryAcquire(LimitRequest.of("secret").key("k"))).isEmpty();
        }

        @Test
        void givesPermitsThatTellTheirResource() {
            Permit permit = engine.acquire(LimitRequest.of("keyed").key("u1"));
            assertThat(permit.resource()).isEqualTo("keyed");
            assertThat(permit.key()).isEqualTo("u1");
            assertThat(permit.attributes()).containsEntry("region", "here");
            assertThat(permit.limits()).extracting(LimitStatus::used).containsExactly(1L);
            permit.close();
            assertThat(engine.acquire(LimitRequest.of("keyed").key("u1")).fencingToken())
                    .isGreaterThan(permit.fencingToken());
        }
    }

    @Nested
    class Keys {

        @Test
        void thatAreSecretOrLongAreStoredAsHashes() {
            String longKey = "k".repeat(1_000_000);
            engine.acquire(LimitRequest.of("keyed").key(longKey));
            assertThat(engine.tryAcquire(LimitRequest.of("keyed").key(longKey))).isEmpty();
            engine.acquire(LimitRequest.of("secret").key("alice"));
            assertThat(engine.tryAcquire(LimitRequest.of("secret").key("alice")))
                    .isEmpty();
            assertThat(engine.tryAcquire(LimitRequest.of("secret").key("bob"))).isPresent();
        }

        @Test
        void thatLookLikeAHashDoNotMeetIt() {
            engine.acquire(LimitRequest.of("secret").key("alice"));
            String hash = "sha256:2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90";
            assertThat(engine.tryAcquire(LimitRequest.of("keyed").key("k".repeat(129))))
                    .isPresent();
            assertThat(engine.tryAcquire(LimitRequest.of("secret").key(hash))).isPresent();
        }

        @Test
        void thatAreNotValidUnicodeAreRefused() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.acquire(LimitRequest.of("keyed").key("\uD800")))
                    .withMessageContaining("not valid Unicode");
            assertThat(engine.tryAcquire(LimitRequest.of("keyed").key("\uD83D\uDE00")))
                    .isPresent();
        }
    }

    @Nested
    class Observing {

        @Test
        void takesAPermitWhereThereIsOneElseGoesOnWithout() {
            Permit first = engine.acquire("watched");
            Permit second = engine.acquire("watched");
            assertThat(second.isValid()).isTrue();
            assertThat(second.fencingToken()).isZero();
            second.close();
            assertThat(used("watched")).isEqualTo(1);
            first.close();
            assertThat(used("watched")).isZero();
            assertThat(events.outcomes).containsExactly(AcquireOutcome.ACQUIRED, AcquireOutcome.OBSERVED);
        }
    }

    @Nested
    class AcquiringSeveral {

        @Test
        void undoesWhatWasGrantedBeforeARefusal() {
            engine.acquire("strict");
            List<LimitRequest> requests =
                    List.of(LimitRequest.of("calls"), LimitRequest.of("both"), LimitRequest.of("strict"));
            assertThatThrownBy(() -> engine.acquireAll(requests))
                    .isInstanceOfSatisfying(
                            LimitExceededException.class,
                            (refusal) -> assertThat(refusal.resource()).isEqualTo("strict"));
            assertThat(used("calls")).isZero();
            assertThat(used("both")).isZero();
            assertThat(arrived(Cancel.class)).hasSize(2);
            assertThat(events.held.get()).isEqualTo(1);
        }

        @Test
        void givesThePermitsInTheOrderOfTheRequests() {
            List<Permit> permits = engine.acquireAll(List.of(LimitRequest.of("pool"), LimitRequest.of("calls")));
            assertThat(permits).extracting(Permit::resource).containsExactly("pool", "calls");
        }

        @Test
        void undoesEverythingWhenCancelledInBetween() {
            backend.holdBack(Acquire.class);
            CompletableFuture<List<Permit>> all =
                    engine.acquireAllAsync(List.of(LimitRequest.of("pool"), LimitRequest.of("strict")));
            all.cancel(false);
            backend.letGo();
            assertThat(used("pool")).isZero();
            assertThat(arrived(Acquire.class)).hasSize(1);
        }
    }

    @Nested
    class GivingUp {

        @Test
        void beforeTheAnswerUndoesTheGrant() {
            backend.holdBack(Acquire.class);
            CompletableFuture<Permit> future = engine.acquireAsync(LimitRequest.of("both"));
            future.cancel(false);
            backend.letGo();
            assertThat(engine.operations().inspect("both", null).join().limits())
                    .extracting(LimitStatus::used)
                    .containsExactly(0L, 0L, 0L);
            assertThat(events.outcomes).containsExactly(AcquireOutcome.CANCELLED);
            assertThat(events.held.get()).isZero();
        }

        @Test
        void byInterruptKeepsTheFlagAndUndoesTheGrant() throws InterruptedException {
            backend.holdBack(Acquire.class);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            AtomicReference<Boolean> flag = new AtomicReference<>();
            Thread caller = new Thread(() -> {
                try {
                    engine.acquire("pool");
                } catch (RuntimeException ex) {
                    thrown.set(ex);
                    flag.set(Thread.currentThread().isInterrupted());
                }
            });
            caller.start();
            await().until(() -> backend.heldBack() == 1);
            caller.interrupt();
            caller.join();
            backend.letGo();
            assertThat(thrown.get()).isInstanceOf(CancellationException.class);
            assertThat(flag.get()).isTrue();
            assertThat(used("pool")).isZero();
        }
    }

    @Nested
    class LeasesOfPermits {

        @Test
        void areRenewedByTheHeartbeat() {
            Permit permit = engine.acquire("pool");
            for (int i = 0; i < 20; i++) {
                time.advance(Duration.ofSeconds(3));
                engine.beat();
                assertThat(permit.isValid()).isTrue();
            }
            assertThat(used("pool")).isEqualTo(1);
        }

        @Test
        void areRenewedInOneCallForAllPermitsOfAPartition() {
            engine.acquire("shared");
            engine.acquire("shared");
            engine.acquire("pool");
            engine.beat();
            assertThat(arrived(Renew.class)).hasSize(2);
        }

        @Test
        void endByTheHoldersOwnClockEvenIfNobodyTellsIt() {
            Permit permit = engine.acquire("pool");
            time.advance(Duration.ofSeconds(10).minusNanos(1));
            assertThat(permit.isValid()).isTrue();
            time.advance(Duration.ofNanos(1));
            assertThat(permit.isValid()).isFalse();
        }

        @Test
        void thatWereTakenWhileTheHolderStoodStillAreLostOnce() {
            Permit permit = engine.acquire("strict");
            AtomicInteger losses = new AtomicInteger();
            permit.onLost(losses::incrementAndGet);
            time.advance(Duration.ofSeconds(11));
            Permit next = engine.acquire("strict");
            engine.beat();
            engine.beat();
            await().untilAtomic(losses, (count) -> assertThat(count).isEqualTo(1));
            assertThat(permit.isValid()).isFalse();
            permit.onLost(losses::incrementAndGet);
            await().untilAtomic(losses, (count) -> assertThat(count).isEqualTo(2));
            permit.close();
            assertThat(arrived(Release.class)).isEmpty();
            assertThat(next.isValid()).isTrue();
            assertThat(events.lost.get()).isEqualTo(1);
            assertThat(events.reclaimed.get()).isEqualTo(1);
            assertThat(events.held.get()).isEqualTo(1);
        }

        @Test
        void thatCannotBeRenewedInTimeAreLost() {
            Permit permit = engine.acquire("pool");
            backend.wire(Wire.CUT);
            time.advance(Duration.ofSeconds(9));
            engine.beat();
            assertThat(permit.isValid()).isTrue();
            time.advance(Duration.ofSeconds(1));
            engine.beat();
            assertThat(permit.isValid()).isFalse();
            assertThat(events.lost.get()).isEqualTo(1);
        }

        @Test
        void arePutBackWhereTheBackendHasLostItsState() {
            Permit permit = engine.acquire("strict");
            backend.loseState();
            assertThat(used("strict")).isZero();
            time.advance(Duration.ofSeconds(3));
            engine.beat();
            assertThat(used("strict")).isEqualTo(1);
            assertThat(permit.isValid()).isTrue();
            assertThatThrownBy(() -> engine.acquire("strict")).isInstanceOf(LimitExceededException.class);
            permit.close();
            assertThat(engine.acquire("strict").fencingToken()).isGreaterThan(permit.fencingToken());
        }

        @Test
        void areNotPutBackByARenewalThatAReleaseOvertakes() {
            Permit permit = engine.acquire("pool");
            backend.holdBack(Renew.class);
            engine.beat();
            permit.close();
            assertThat(used("pool")).isZero();
            backend.letGo();
            assertThat(used("pool")).isZero();
        }

        @Test
        void endAtTheMaximumHoldAlthoughTheHolderLives() {
            Permit permit = engine.acquire("held");
            CountDownLatch lost = new CountDownLatch(1);
            permit.onLost(lost::countDown);
            for (int i = 0; i < 8; i++) {
                time.advance(Duration.ofSeconds(3));
                engine.beat();
            }
            assertThat(permit.isValid()).isTrue();
            time.advance(Duration.ofSeconds(1));
            assertThat(permit.isValid()).isFalse();
            engine.beat();
            assertThat(events.lost.get()).isEqualTo(1);
            assertThat(engine.acquire("held").isValid()).isTrue();
        }

        @Test
        void ofALostPermitRunNothingOnceItIsClosed() {
            Permit permit = engine.acquire("strict");
            permit.close();
            AtomicInteger losses = new AtomicInteger();
            permit.onLost(losses::incrementAndGet);
            time.advance(Duration.ofSeconds(30));
            engine.beat();
            assertThat(losses).hasValue(0);
            assertThat(events.lost.get()).isZero();
        }
    }

    @Nested
    class WhileTheBackendIsAway {

        @Test
        void rejectFailsWithAnErrorThatIsNoRefusal() {
            backend.wire(Wire.CUT);
            assertThatThrownBy(() -> engine.acquire("strict"))
                    .isInstanceOf(BackendUnavailableException.class)
                    .hasMessageContaining("'strict'");
            assertThat(events.outcomes).containsExactly(AcquireOutcome.ERROR);
        }

        @Test
        void allowLetsCallsGoOnWithoutAPermit() {
            backend.wire(Wire.CUT);
            Permit first = engine.acquire("lenient");
            Permit second = engine.acquire("lenient");
            assertThat(List.of(first, second)).allSatisfy((permit) -> {
                assertThat(permit.isValid()).isTrue();
                assertThat(permit.fencingToken()).isZero();
            });
            first.close();
            assertThat(events.outcomes).containsExactly(AcquireOutcome.BYPASSED, AcquireOutcome.BYPASSED);
        }

        @Test
        void localEnforcesThisInstancesShare() {
            backend.liveInstances(4);
            engine.beat();
            backend.wire(Wire.CUT);
            Permit first = engine.acquire("shared");
            engine.acquire("shared");
            assertThatThrownBy(() -> engine.acquire("shared")).isInstanceOf(LimitExceededException.class);
            first.close();
            assertThat(engine.acquire("shared").isValid()).isTrue();
        }

        @Test
        void aShareIsAtLeastOne() {
            backend.liveInstances(100);
            engine.beat();
            backend.wire(Wire.CUT);
            engine.acquire("shared");
            assertThatThrownBy(() -> engine.acquire("shared")).isInstanceOf(LimitExceededException.class);
        }

        @Test
        void moreThanTheShareIsUnavailableNotImpossible() {
            backend.liveInstances(9);
            engine.beat();
            backend.wire(Wire.CUT);
            assertThatThrownBy(() -> engine.acquire(LimitRequest.of("shared").amount("default", 3)))
                    .isInstanceOf(BackendUnavailableException.class);
        }

        @Test
        void permitsGrantedLocallyAreNotReleasedToABackendThatDoesNotKnowThem() {
            backend.wire(Wire.CUT);
            Permit permit = engine.acquire("shared");
            backend.wire(Wire.WHOLE);
            permit.close();
            engine.beat();
            assertThat(arrived(Release.class)).isEmpty();
        }

        @Test
        void fewCallsTryAndServiceComesBackByItself() {
            backend.wire(Wire.CUT);
            for (int i = 0; i < 1_000; i++) {
                engine.acquire("lenient");
            }
            assertThat(backend.calls()).isLessThan(5);
            engine.start();
            backend.wire(Wire.WHOLE);
            await().until(engine.operations()::backendAvailable);
            assertThat(engine.acquire("lenient").fencingToken()).isPositive();
            assertThat(engine.acquire("pool").fencingToken()).isPositive();
        }

        @Test
        void oneLostAnswerAmongOthersTurnsNobodyElseAway() {
            for (int i = 0; i < 10; i++) {
                backend.wire(Wire.CUT);
                assertThat(engine.acquire("lenient").fencingToken()).isZero();
                backend.wire(Wire.WHOLE);
                assertThat(engine.acquire("pool")).satisfies((permit) -> {
                    assertThat(permit.fencingToken()).isPositive();
                    permit.close();
                });
            }
        }

        @Test
        @ExtendWith(OutputCaptureExtension.class)
        void whatFailsWhileTheApplicationStopsIsNotSaid(CapturedOutput output) {
            engine.start();
            engine.stop();
            backend.wire(Wire.CUT);
            for (int i = 0; i < 5; i++) {
                engine.acquire("lenient");
            }
            assertThat(output.getAll()).doesNotContain("The backend is");
        }

        @Test
        @ExtendWith(OutputCaptureExtension.class)
        void itIsSaidInOneLineHoweverLongItLasts(CapturedOutput output) {
            engine.start();
            backend.wire(Wire.CUT);
            for (int i = 0; i < 20; i++) {
                engine.acquire("lenient");
                engine.beat();
                time.advance(Duration.ofSeconds(1));
            }
            await().untilAsserted(
                            () -> assertThat(output.getAll().lines().filter((line) -> line.contains("The backend is")))
                                    .singleElement(as(STRING))
                                    .contains(
                                            "away (the wire is cut): until it is back, each resource goes by its on-backend-failure"));
            backend.wire(Wire.WHOLE);
            await().until(engine.operations()::backendAvailable);
            assertThat(engine.acquire("pool").fencingToken()).isPositive();
        }

        @Test
        void everyFailureIsCounted() {
            backend.wire(Wire.CUT);
            engine.acquire("lenient");
            assertThat(events.failures.get()).isPositive();
        }

        @Test
        void aGrantWhoseReplyWasLostIsGivenBack() {
            backend.wire(Wire.DROPS_REPLIES);
            assertThatThrownBy(() -> engine.acquire("strict")).isInstanceOf(BackendUnavailableException.class);
            backend.wire(Wire.WHOLE);
            assertThat(used("strict")).isZero();
            time.advance(Duration.ofSeconds(2));
            assertThat(engine.acquire("strict").isValid()).isTrue();
        }

        @Test
        void aReleaseThatDidNotArriveIsRepeatedWithTheNextHeartbeat() {
            Permit permit = engine.acquire("strict");
            backend.wire(Wire.CUT);
            permit.close();
            backend.wire(Wire.WHOLE);
            assertThat(used("strict")).isEqualTo(1);
            engine.beat();
            assertThat(used("strict")).isZero();
            int calls = backend.calls();
            engine.beat();
            assertThat(arrived(Release.class)).hasSize(1);
            assertThat(backend.calls()).isGreaterThan(calls);
        }

        @Test
        void aReleaseIsNotRepeatedOnceTheLeaseIsOver() {
            Permit permit = engine.acquire("strict");
            backend.wire(Wire.CUT);
            permit.close();
            time.advance(Duration.ofSeconds(10));
            backend.wire(Wire.WHOLE);
            engine.beat();
            assertThat(arrived(Release.class)).isEmpty();
            assertThat(used("strict")).isZero();
        }

        @Test
        void aGrantWhoseReplyAndCancelWereLostIsGivenBackWithTheNextHeartbeat() {
            backend.wire(Wire.DROPS_REPLIES);
            backend.holdBack(Cancel.class);
            assertThatThrownBy(() -> engine.acquire("strict")).isInstanceOf(BackendUnavailableException.class);
            backend.wire(Wire.CUT);
            backend.letGo();
            backend.wire(Wire.WHOLE);
            assertThat(used("strict")).isEqualTo(1);
            engine.beat();
            assertThat(used("strict")).isZero();
        }

        @Test
        void limitsOfThisInstanceAloneHoldAllTheSame() {
            backend.wire(Wire.CUT);
            engine.acquire("own");
            assertThatThrownBy(() -> engine.acquire("own")).isInstanceOf(LimitExceededException.class);
            assertThat(backend.calls()).isZero();
        }
    }

    @Nested
    class Operating {

        @Test
        void inspectionShowsHolders() {
            engine.acquire("pool");
            time.advance(Duration.ofSeconds(2));
            PartitionSnapshot snapshot =
                    engine.operations().inspect("pool", null).join();
            assertThat(snapshot.holderCount()).isEqualTo(1);
            PartitionSnapshot.Holder holder = snapshot.holders().get(0);
            assertThat(holder.instance()).isEqualTo(engine.operations().instance());
            assertThat(holder.slots()).containsExactly(Map.entry("default", 1L));
            assertThat(holder.age()).isEqualTo(Duration.ofSeconds(2));
            assertThat(holder.leaseLeft()).isEqualTo(Duration.ofSeconds(8));
        }

        @Test
        void inspectionTellsLimitsOfTheSameNameApart() {
            engine.acquire("both");
            engine.acquire("both");
            CompletableFuture<Permit> waiting = engine.acquireAsync(LimitRequest.of("both")
                    .amount("default", 2)
                    .amount("tokens", 30)
                    .maxWait(Duration.ofMinutes(1)));
            assertThat(engine.operations().inspect("both", null).join().queue())
                    .singleElement()
                    .satisfies((waiter) -> assertThat(waiter.amounts())
                            .containsExactly(
                                    Map.entry("rate default", 2L),
                                    Map.entry("tokens", 30L),
                                    Map.entry("concurrency default", 2L)));
            waiting.cancel(true);
        }

        @Test
        void heartbeatsSampleResourcesWithoutAKey() {
            engine.acquire("pool");
            events.samples.clear();
            engine.beat();
            assertThat(events.samples).contains("pool", "calls", "own").doesNotContain("keyed");
        }

        @Test
        void heartbeatsGoOnBehindOneThatFailed() {
            SteeredBackend starved = new SteeredBackend(time);
            AtomicInteger beats = new AtomicInteger();
            starved.beforeHeartbeat(() -> {
                if (beats.incrementAndGet() == 1) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
            });
            ResourceRegistry registry = new ResourceRegistry(
                    ResourceDefaults.STANDARD,
                    List.of(ResourceDefinition.of(
                            "pool", new ConcurrencyLimit("default", 2, Duration.ofMillis(100), null))));
            try (LimiterEngine other =
                    new LimiterEngine(registry, starved, new MemoryBackend(), List.of(), System::nanoTime)) {
                other.start();
                await().untilAtomic(beats, (count) -> assertThat(count).isGreaterThan(2));
            }
        }

        @Test
        void countsSlotsAndTheTimeTheyWereHeld() {
            Permit permit = engine.acquire("pool");
            assertThat(events.held.get()).isEqualTo(1);
            time.advance(Duration.ofSeconds(3));
            permit.close();
            assertThat(events.held.get()).isZero();
            assertThat(events.holds).containsExactly(Duration.ofSeconds(3));
        }

        @Test
        void aListenerThatFailsFailsNothingElse() {
            assertThat(engine.acquire("pool").isValid()).isTrue();
            assertThat(engine.acquire("pool").isValid()).isTrue();
            assertThat(failingCalls).hasValue(2);
            assertThat(events.outcomes).containsExactly(AcquireOutcome.ACQUIRED, AcquireOutcome.ACQUIRED);
        }

        @Test
        void stoppingWaitsForReleasesUnderWay() throws InterruptedException {
            engine.start();
            Permit permit = engine.acquire("pool");
            backend.holdBack(Release.class);
            permit.close();
            Thread stopper = new Thread(engine::stop);
            stopper.start();
            await().until(() -> stopper.getState() == Thread.State.TIMED_WAITING);
            backend.letGo();
            stopper.join();
            assertThat(arrived(Release.class)).isNotEmpty(); // again if a renewal of the lease was under way
        }
    }

    private static final class Events implements LimitListener {

        private final List<AcquireOutcome> outcomes = new CopyOnWriteArrayList<>();

        private final List<String> samples = new CopyOnWriteArrayList<>();

        private final List<Duration> holds = new ArrayList<>();

        private final AtomicInteger held = new AtomicInteger();

        private final AtomicInteger lost = new AtomicInteger();

        private final AtomicInteger reclaimed = new AtomicInteger();

        private final AtomicInteger failures = new AtomicInteger();

        @Override
        public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
            this.outcomes.add(outcome);
        }

        @Override
        public void onGranted(String resource, long slots) {
            this.held.addAndGet((int) slots);
        }

        @Override
        public void onEnded(String resource, long slots, Duration heldFor) {
            this.held.addAndGet((int) -slots);
            this.holds.add(heldFor);
        }

        @Override
        public void onSampled(String resource, List<LimitStatus> limits, long queued) {
            this.samples.add(resource);
        }

        @Override
        public void onLeaseLost(String resource) {
            this.lost.incrementAndGet();
        }

        @Override
        public void onLeasesReclaimed(String resource, long permits) {
            this.reclaimed.addAndGet((int) permits);
        }

        @Override
        public void onBackendFailure(String resource, Throwable cause) {
            this.failures.incrementAndGet();
        }
    }
}
