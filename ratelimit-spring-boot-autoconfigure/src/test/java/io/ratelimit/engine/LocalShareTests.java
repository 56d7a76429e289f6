package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Two instances of two: the share of each is half of every limit. The clock of their memory is an hour behind that of the backend.
 */
class LocalShareTests {

    private static final Duration WINDOW = Duration.ofSeconds(60);

    private final MovableTime time = new MovableTime();

    private final SteeredBackend backend = new SteeredBackend(this.time);

    private final List<Boolean> available = new CopyOnWriteArrayList<>();

    private final LimiterEngine here = engine();

    private final LimiterEngine there = engine();

    private LimiterEngine engine() {
        LimitListener listener = new LimitListener() {
            @Override
            public void onBackendAvailable(boolean now) {
                LocalShareTests.this.available.add(now);
            }
        };
        return new LimiterEngine(
                new ResourceRegistry(
                        ResourceDefaults.STANDARD,
                        List.of(
                                resource("slots", null, ConcurrencyLimit.of(4)),
                                resource("keyed", "user", ConcurrencyLimit.of(4)),
                                resource("calls", null, RateLimit.of(10, WINDOW)),
                                resource(
                                        "bucket",
                                        null,
                                        new RateLimit("default", 60, WINDOW, RateAlgorithm.TOKEN_BUCKET, 10)),
                                resource("both", null, RateLimit.of(10, WINDOW), ConcurrencyLimit.of(4)))),
                this.backend,
                new MemoryBackend(() -> 1_000_000_000_000_000L
                        - Duration.ofHours(1).toNanos() / 1_000
                        + TimeUnit.NANOSECONDS.toMicros(this.time.getAsLong())),
                List.of(listener),
                this.time);
    }

    private static ResourceDefinition resource(String name, String key, Limit... limits) {
        return new ResourceDefinition(
                name,
                List.of(limits),
                key,
                LimitPolicy.REJECT,
                null,
                1_000,
                BackendFailurePolicy.LOCAL,
                false,
                false,
                Map.of());
    }

    @BeforeEach
    void meet() {
        this.backend.liveInstances(2);
        this.here.beat();
        this.there.beat();
        this.time.advance(Duration.ofMillis(1));
    }

    @AfterEach
    void close() {
        this.here.close();
        this.there.close();
    }

    private Optional<Permit> ask(String resource) {
        return this.here.tryAcquire(LimitRequest.of(resource));
    }

    private Permit acquire(String resource) {
        return ask(resource).orElseThrow();
    }

    private int acquireAll(String resource) {
        int granted = 0;
        while (ask(resource).isPresent()) {
            granted++;
        }
        return granted;
    }

    private long used(String resource) {
        List<LimitStatus> limits =
                this.there.operations().inspect(resource, null).join().limits();
        return limits.get(limits.size() - 1).used();
    }

    /** The backend answers again, and this instance has noticed. */
    private void comesBack() {
        this.backend.wire(Wire.WHOLE);
        this.here.beat();
        assertThat(this.here.operations().backendAvailable()).isTrue();
    }

    private <T> List<T> arrived(Class<T> type) {
        return this.backend.arrived().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    @Nested
    class WhatIsHeldWhenTheBackendGoes {

        @Test
        void countsAgainstTheShare() {
            acquire("slots");
            backend.wire(Wire.CUT);
            assertThat(acquireAll("slots")).isEqualTo(1);
        }

        @Test
        void aboveTheShareLeavesNothing() {
            acquire("slots");
            acquire("slots");
            acquire("slots");
            backend.wire(Wire.CUT);
            assertThat(acquireAll("slots")).isZero();
        }

        /** The limit could grant it, this instance's share never can: that is for the time of the absence only. */
        @Test
        void keepsNobodyWhoAsksForMoreThanTheShare() {
            backend.wire(Wire.CUT);
            assertThatThrownBy(() -> here.tryAcquire(LimitRequest.of("slots").amount("default", 3)))
                    .isInstanceOf(BackendUnavailableException.class);
            assertThat(acquireAll("slots")).isEqualTo(2);
        }

        @Test
        void leavesRoomWhenItEnds() {
            Permit held = acquire("slots");
            backend.wire(Wire.CUT);
            assertThat(acquireAll("slots")).isEqualTo(1);
            held.close();
            assertThat(acquireAll("slots")).isEqualTo(1);
        }

        @Test
        void leavesRoomWhenItsLeaseIsOver() {
            acquire("slots");
            backend.wire(Wire.CUT);
            Permit own = acquire("slots");
            time.advance(Duration.ofSeconds(5));
            here.beat();
            time.advance(Duration.ofSeconds(5));
            here.beat();
            assertThat(own.isValid()).isTrue();
            assertThat(acquireAll("slots")).isEqualTo(1);
        }

        @Test
        void countsForItsKeyOnly() {
            here.acquire(LimitRequest.of("keyed").key("a"));
            here.acquire(LimitRequest.of("keyed").key("a"));
            backend.wire(Wire.CUT);
            assertThat(here.tryAcquire(LimitRequest.of("keyed").key("a"))).isEmpty();
            assertThat(here.tryAcquire(LimitRequest.of("keyed").key("b"))).isPresent();
        }

        @Test
        void countsThoughItWasGrantedBetweenTwoAbsences() {
            backend.wire(Wire.CUT);
            acquire("slots").close();
            comesBack();
            acquire("slots");
            acquire("slots");
            backend.wire(Wire.CUT);
            assertThat(acquireAll("slots")).isZero();
        }

        @Test
        void countsOnceHoweverOftenTheBackendGoes() {
            Permit held = acquire("slots");
            for (int i = 0; i < 3; i++) {
                backend.wire(Wire.CUT);
                assertThat(ask("slots")).hasValueSatisfying(Permit::close);
                comesBack();
                time.advance(Duration.ofSeconds(4));
                here.beat();
            }
            backend.wire(Wire.CUT);
            assertThat(acquireAll("slots")).isEqualTo(1);
            held.close();
            assertThat(acquireAll("slots")).isEqualTo(1);
        }

        @Test
        void isReleasedThereAsSoonAsItIsBack() {
            Permit held = acquire("slots");
            backend.wire(Wire.CUT);
            acquire("slots").close();
            held.close();
            comesBack();
            assertThat(used("slots")).isZero();
            assertThat(arrived(Release.class)).hasSize(1);
        }
    }

    @Nested
    class WhatWasChargedWhenTheBackendWent {

        @Test
        void countsByHalfAgainstTheShare() {
            for (int i = 0; i < 3; i++) {
                acquire("calls");
                there.acquire("calls");
            }
            here.beat();
            backend.wire(Wire.CUT);
            assertThat(acquireAll("calls")).isEqualTo(2);
        }

        @Test
        void isOverWithItsWindow() {
            for (int i = 0; i < 10; i++) {
                acquire("calls");
            }
            backend.wire(Wire.CUT);
            assertThatThrownBy(() -> here.acquire("calls")).isInstanceOf(RateLimitExceededException.class);
            time.advance(WINDOW.plusMillis(1));
            assertThat(acquireAll("calls")).isEqualTo(5);
        }

        @Test
        void isOverWhenTheBackendWasLastSeenAWindowAgo() {
            for (int i = 0; i < 10; i++) {
                acquire("calls");
            }
            time.advance(WINDOW);
            backend.wire(Wire.CUT);
            assertThat(acquireAll("calls")).isEqualTo(5);
        }

        @Test
        void ofABucketComesBackByTheTimeSince() {
            for (int i = 0; i < 10; i++) {
                acquire("bucket");
            }
            time.advance(Duration.ofSeconds(4));
            backend.wire(Wire.CUT);
            assertThat(acquireAll("bucket")).isEqualTo(2);
        }

        @Test
        void isNotChargedTwice() {
            for (int i = 0; i < 4; i++) {
                acquire("calls");
            }
            backend.wire(Wire.CUT);
            acquire("calls");
            comesBack();
            backend.wire(Wire.CUT);
            assertThat(acquireAll("calls")).isEqualTo(2);
        }
    }

    @Nested
    class WhatIsGrantedMeanwhile {

        @Test
        void countsAtTheBackendWhenThatIsBack() {
            backend.wire(Wire.CUT);
            acquire("slots");
            acquire("slots");
            comesBack();
            assertThat(used("slots")).isEqualTo(2);
            here.beat();
            assertThat(used("slots")).isEqualTo(2);
        }

        @Test
        void freesItsSlotThereWhenItEnds() {
            backend.wire(Wire.CUT);
            Permit permit = acquire("slots");
            comesBack();
            permit.close();
            assertThat(used("slots")).isZero();
            assertThat(arrived(Release.class)).hasSize(1);
            here.beat();
            assertThat(arrived(Release.class)).hasSize(1);
        }

        @Test
        void isNothingToTheBackendWhereItHasEndedBefore() {
            backend.wire(Wire.CUT);
            acquire("slots").close();
            int before = backend.arrived().size();
            comesBack();
            assertThat(backend.arrived().subList(before, backend.arrived().size()))
                    .noneMatch((operation) -> operation instanceof Renew || operation instanceof Release);
        }

        @Test
        void isPutThereAboveTheLimitSoThatNothingIsGrantedUntilItFits() {
            for (int i = 0; i < 4; i++) {
                there.acquire("slots");
            }
            backend.wire(Wire.CUT);
            Permit permit = acquire("slots");
            comesBack();
            assertThat(used("slots")).isEqualTo(5);
            permit.close();
            assertThat(ask("slots")).isEmpty();
        }

        @Test
        void leavesNothingBehindWhereItEndsWhileItIsPutThere() {
            backend.wire(Wire.CUT);
            Permit permit = acquire("slots");
            backend.holdBack(Renew.class);
            comesBack();
            permit.close();
            backend.letGo();
            assertThat(used("slots")).isZero();
        }

        @Test
        void leavesNothingBehindWhereNobodyHeardThatItWasPutThere() {
            backend.wire(Wire.CUT);
            Permit permit = acquire("slots");
            backend.wire(Wire.WHOLE);
            backend.holdBackReplies(Renew.class);
            here.beat();
            assertThat(used("slots")).isEqualTo(1);
            backend.loseHeldBack();
            backend.letGo();
            here.beat();
            assertThat(used("slots")).isEqualTo(1);
            permit.close();
            assertThat(used("slots")).isZero();
        }

        @Test
        void isHeldOnceWhereTheBackendHadGrantedItUnheard() {
            backend.wire(Wire.DROPS_REPLIES);
            backend.holdBack(Cancel.class);
            Permit permit = acquire("slots");
            assertThat(permit.isValid()).isTrue();
            backend.wire(Wire.CUT);
            backend.letGo();
            backend.wire(Wire.WHOLE);
            assertThat(used("slots")).as("what nobody heard of").isEqualTo(1);
            comesBack();
            assertThat(used("slots")).isEqualTo(1);
            permit.close();
            assertThat(used("slots")).isZero();
        }

        @Test
        void isKeptAliveThere() {
            backend.wire(Wire.CUT);
            Permit permit = acquire("slots");
            comesBack();
            for (int i = 0; i < 6; i++) {
                time.advance(Duration.ofSeconds(4));
                here.beat();
            }
            assertThat(used("slots")).isEqualTo(1);
            assertThat(permit.isValid()).isTrue();
        }

        @Test
        void isLostWhereAnOperatorTakesItsSlotThere() {
            backend.wire(Wire.CUT);
            Permit permit = acquire("slots");
            comesBack();
            String id = there.operations()
                    .inspect("slots", null)
                    .join()
                    .holders()
                    .get(0)
                    .permit();
            there.operations().forceRelease("slots", null, id).join();
            here.beat();
            assertThat(permit.isValid()).isFalse();
            assertThat(used("slots")).isZero();
            backend.wire(Wire.CUT);
            assertThat(acquireAll("slots")).isEqualTo(2);
        }

        @Test
        void countsAgainstTheShareWhenTheBackendGoesAgain() {
            backend.wire(Wire.CUT);
            acquire("slots");
            comesBack();
            time.advance(Duration.ofSeconds(4));
            here.beat();
            backend.wire(Wire.CUT);
            assertThat(acquireAll("slots")).isEqualTo(1);
        }

        @Test
        void isBackInABackendThatHasLostItsState() {
            Permit before = acquire("slots");
            backend.wire(Wire.CUT);
            Permit meanwhile = acquire("slots");
            backend.loseState();
            comesBack();
            assertThat(used("slots")).isEqualTo(2);
            before.close();
            meanwhile.close();
            assertThat(used("slots")).isZero();
        }

        @Test
        void hasAFenceBetweenThoseBeforeAndAfterThoughTheClocksDiffer() {
            Permit before = acquire("slots");
            time.advance(Duration.ofMillis(1));
            backend.wire(Wire.CUT);
            Permit meanwhile = acquire("slots");
            time.advance(Duration.ofMillis(1));
            comesBack();
            Permit after = acquire("slots");
            assertThat(meanwhile.fencingToken()).isBetween(before.fencingToken() + 1, after.fencingToken() - 1);
            assertThat(there.operations().inspect("slots", null).join().holders())
                    .allSatisfy((holder) -> assertThat(holder.age()).isLessThan(Duration.ofSeconds(1)));
        }

        @Test
        void isUndoneInBothPlaces() {
            for (int i = 0; i < 4; i++) {
                there.acquire("slots");
            }
            backend.wire(Wire.CUT);
            acquire("slots");
            acquire("slots");
            CompletableFuture<List<Permit>> several = here.acquireAllAsync(
                    List.of(LimitRequest.of("both"), LimitRequest.of("slots").maxWait(WINDOW)));
            comesBack();
            assertThat(several).isNotDone();
            assertThat(used("both")).isEqualTo(1);
            several.cancel(true);
            assertThat(used("both")).isZero();
            backend.wire(Wire.CUT);
            assertThat(acquireAll("both")).isEqualTo(2);
        }
    }

    @Nested
    class WhoeverWaitsForTheShare {

        @Test
        void asksTheBackendWhenThatIsBack() {
            backend.wire(Wire.CUT);
            acquire("slots");
            acquire("slots");
            CompletableFuture<Permit> waiting =
                    here.acquireAsync(LimitRequest.of("slots").maxWait(WINDOW));
            assertThat(waiting).isNotDone();
            comesBack();
            assertThat(waiting).isCompleted();
            assertThat(used("slots")).isEqualTo(3);
            waiting.join().close();
            assertThat(used("slots")).isEqualTo(2);
        }

        @Test
        void waitsThereIfNeedBe() {
            for (int i = 0; i < 4; i++) {
                there.acquire("slots");
            }
            backend.wire(Wire.CUT);
            acquire("slots");
            Permit share = acquire("slots");
            CompletableFuture<Permit> waiting =
                    here.acquireAsync(LimitRequest.of("slots").maxWait(WINDOW));
            comesBack();
            share.close();
            assertThat(waiting).isNotDone();
            assertThat(there.operations().inspect("slots", null).join().queue()).hasSize(1);
            waiting.cancel(true);
            assertThat(there.operations().inspect("slots", null).join().queue()).isEmpty();
        }
    }

    @Nested
    class TheAbsence {

        @Test
        void isToldToListenersOnceEachWay() {
            here.start();
            backend.wire(Wire.CUT);
            for (int i = 0; i < 10; i++) {
                ask("slots");
            }
            await().untilAsserted(() -> assertThat(available).containsExactly(false)); // a heartbeat may have noticed
            int calls = arrived(Acquire.class).size();
            backend.wire(Wire.WHOLE);
            await().untilAsserted(() -> assertThat(available).containsExactly(false, true));
            assertThat(arrived(Acquire.class)).as("nobody had to try").hasSize(calls);
        }

        @Test
        void keepsEveryCallFromAskingOnceItIsKnown() {
            backend.wire(Wire.CUT);
            for (int i = 0; i < 3; i++) {
                ask("slots");
            }
            assertThat(here.operations().backendAvailable()).isFalse();
            int calls = backend.calls();
            for (int i = 0; i < 100; i++) {
                ask("slots");
                assertThat(here.operations().inspect("slots", null)).isCompletedExceptionally();
                assertThat(here.operations().clear("slots", null)).isCompletedExceptionally();
            }
            assertThat(backend.calls()).isEqualTo(calls);
        }
    }
}
