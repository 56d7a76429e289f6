package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitRequest;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.engine.Waiter.Settled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Waiters whose timers fire when the test moves the time.
 */
class WaitersTests {

    private static final Duration LEASE = Duration.ofSeconds(10);

    private final MovableTime time = new MovableTime();

    private final SteeredTimers timers = new SteeredTimers(this.time);

    private final SteeredBackend backend = new SteeredBackend(this.time);

    private final Route route = new Route(this.backend, new Listeners(List.of()), (partition, status) -> {}, this.time);

    private final Leases leases = new Leases(new Listeners(List.of()), this.time, this.timers);

    private final Waiters waiters =
            new Waiters(this.leases, new HotKeys(System::nanoTime), new Listeners(List.of()), this.timers);

    private final Place slot = place(ConcurrencyLimit.of(1));

    private int tickets;

    @BeforeEach
    void listen() {
        this.route.listen("a", this.waiters);
    }

    private Place place(Limit... limits) {
        return new Place(this.route, new Partition("pool", null, List.of(limits), 1, LEASE));
    }

    private CompletableFuture<Settled> ask(Place where, Duration maxWait) {
        return ask(where, maxWait, new CompletableFuture<>());
    }

    private CompletableFuture<Settled> ask(Place where, Duration maxWait, CompletableFuture<?> caller) {
        ResourceDefinition definition =
                ResourceDefinition.of("pool", where.partition().limits().toArray(Limit[]::new));
        LimitRequest request = LimitRequest.of("pool").maxWait(maxWait);
        Acquisition acquisition = Acquisition.of(request, Terms.of(definition), this.time.getAsLong())
                .with("a:" + ++this.tickets);
        CompletableFuture<Settled> settled = new CompletableFuture<>();
        Answer none = Answer.of(new FreePermit(acquisition, List.of()), AcquireOutcome.ACQUIRED);
        this.waiters
                .ask(acquisition, where, caller, (how) -> {
                    settled.complete(how);
                    return none;
                })
                .exceptionally((failure) -> {
                    settled.completeExceptionally(failure);
                    return none;
                });
        return settled;
    }

    /** Takes a unit of everything, for an instance that is not under test. */
    private String hold(Place where) {
        String ticket = "b:" + ++this.tickets;
        List<Long> amounts =
                where.partition().limits().stream().map((limit) -> 1L).toList();
        assertThat(this.backend.execute(where.partition(), new Acquire(ticket, amounts)))
                .isCompletedWithValueMatching(Granted.class::isInstance);
        return ticket;
    }

    private void release(Place where, String permit) {
        this.backend.execute(where.partition(), new Release(permit));
    }

    private long renewals() {
        return this.backend.arrived().stream().filter(Renew.class::isInstance).count();
    }

    @Nested
    class AfterwardsNothingIsLeft {

        private void nothingIsLeft() {
            assertThat(waiters.count()).isZero();
            timers.advance(Duration.ofSeconds(1));
            int calls = backend.calls();
            timers.advance(Duration.ofMinutes(10));
            assertThat(timers.armed()).isZero();
            assertThat(backend.calls()).isEqualTo(calls);
        }

        @Test
        void ofOneThatWasGrantedAtOnce() {
            assertThat(ask(slot, LEASE))
                    .isCompletedWithValueMatching(
                            (settled) -> settled.decision() instanceof Granted && !settled.timedOut());
            nothingIsLeft();
        }

        @Test
        void ofOneThatWasGranted() {
            String held = hold(slot);
            CompletableFuture<Settled> waiting = ask(slot, Duration.ofMinutes(5));
            assertThat(timers.armed()).isEqualTo(2);
            release(slot, held);
            assertThat(waiting).isCompletedWithValueMatching((settled) -> settled.decision() instanceof Granted);
            nothingIsLeft();
        }

        @Test
        void ofOneWhoseTimeWasUp() {
            hold(slot);
            CompletableFuture<Settled> waiting = ask(slot, Duration.ofSeconds(3));
            timers.advance(Duration.ofSeconds(3).minusNanos(1));
            assertThat(waiting).isNotDone();
            timers.advance(Duration.ofNanos(1));
            assertThat(waiting)
                    .isCompletedWithValueMatching(
                            (settled) -> settled.decision() instanceof Refused && settled.timedOut());
            nothingIsLeft();
        }

        @Test
        void ofOneThatWasRefusedAtOnce() {
            Place rate = place(RateLimit.of(1, Duration.ofSeconds(9)));
            hold(rate);
            assertThat(ask(rate, Duration.ofSeconds(3)))
                    .isCompletedWithValueMatching(
                            (settled) -> settled.decision() instanceof Refused && !settled.timedOut());
            nothingIsLeft();
        }

        @Test
        void ofOneThatWasCancelled() {
            hold(slot);
            CompletableFuture<Object> caller = new CompletableFuture<>();
            CompletableFuture<Settled> waiting = ask(slot, Duration.ofMinutes(5), caller);
            caller.cancel(false);
            assertThat(waiting).isCompletedExceptionally();
            nothingIsLeft();
        }

        @Test
        void ofOneWhoseCallerWasGoneBefore() {
            hold(slot);
            CompletableFuture<Object> caller = new CompletableFuture<>();
            caller.cancel(false);
            assertThat(ask(slot, Duration.ofMinutes(5), caller)).isCompletedExceptionally();
            nothingIsLeft();
        }

        @Test
        void ofManyThatTheBackendLost() {
            hold(slot);
            backend.wire(SteeredBackend.Wire.CUT);
            assertThat(ask(slot, Duration.ofMinutes(5))).isCompletedExceptionally();
            assertThat(ask(slot, Duration.ofMinutes(5))).isCompletedExceptionally();
            nothingIsLeft();
        }
    }

    @Nested
    class SignsOfLife {

        @Test
        void areGivenForAHundredAndTwentyEightTicketsInACall() {
            hold(slot);
            for (int i = 0; i < 300; i++) {
                ask(slot, Duration.ofMinutes(5));
            }
            waiters.renew();
            assertThat(backend.arrived().stream()
                            .filter(Renew.class::isInstance)
                            .map((renew) -> ((Renew) renew).tickets().size()))
                    .containsExactly(128, 128, 44);
        }

        @Test
        void areNotGivenForCallsThatAreNotAnsweredYet() {
            hold(slot);
            backend.holdBackReplies(Acquire.class);
            ask(slot, Duration.ofMinutes(5));
            waiters.renew();
            assertThat(renewals()).isZero();
            backend.letGo();
            waiters.renew();
            assertThat(renewals()).isEqualTo(1);
        }

        @Test
        void sayHowLongEachStillWaits() {
            hold(slot);
            ask(slot, Duration.ofSeconds(8));
            timers.advance(Duration.ofSeconds(3));
            waiters.renew();
            assertThat(backend.arrived())
                    .last()
                    .isInstanceOfSatisfying(
                            Renew.class,
                            (renew) -> assertThat(renew.tickets().get(0).waitLeftMicros())
                                    .isEqualTo(5_000_000));
        }

        @Test
        void thatAreOverdueLetTheQueueGoOnByTimeAlone() {
            hold(slot);
            CompletableFuture<Settled> waiting = ask(slot, Duration.ofMinutes(5));
            for (int i = 0; i < 3; i++) {
                timers.advance(Duration.ofSeconds(3));
                waiters.renew();
            }
            assertThat(waiting).isNotDone();
            long renewals = renewals();
            timers.advance(Duration.ofSeconds(1));
            assertThat(waiting).isCompletedWithValueMatching((settled) -> settled.decision() instanceof Granted);
            assertThat(renewals()).isEqualTo(renewals + 1);
        }

        @Test
        void tellWhenTheQueueMayGoOnByTimeAlone() {
            String held = hold(slot);
            CompletableFuture<Settled> waiting = ask(slot, Duration.ofMinutes(5));
            timers.advance(Duration.ofSeconds(6));
            HeldPermit holder = new HeldPermit(held, 1, 1, List.of(1L), 1, 0);
            backend.execute(slot.partition(), new Renew(List.of(holder), List.of()));
            waiters.renew();
            timers.advance(Duration.ofSeconds(6));
            waiters.renew();
            timers.advance(Duration.ofSeconds(4).minusNanos(1));
            assertThat(waiting).isNotDone();
            timers.advance(Duration.ofNanos(1));
            assertThat(waiting).isCompletedWithValueMatching((settled) -> settled.decision() instanceof Granted);
        }

        @Test
        void costNothingWhileNobodyWaits() {
            hold(slot);
            waiters.renew();
            assertThat(renewals()).isZero();
        }
    }

    @Nested
    class WaitingForRates {

        private final Place rate = place(RateLimit.of(1, Duration.ofSeconds(2)));

        @Test
        void takesOneCallForEachGrant() {
            hold(this.rate);
            List<CompletableFuture<Settled>> waiting = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                waiting.add(ask(this.rate, Duration.ofMinutes(1)));
            }
            for (int i = 0; i < 4; i++) {
                assertThat(waiting.get(i)).isNotDone();
                timers.advance(Duration.ofSeconds(2).plusNanos(1_000));
                assertThat(waiting.get(i)).isDone();
            }
            assertThat(renewals()).isEqualTo(4);
        }

        @Test
        void takesNoMoreCallsAfterManyHeartbeats() {
            hold(this.rate);
            List<CompletableFuture<Settled>> waiting = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                waiting.add(ask(this.rate, Duration.ofMinutes(10)));
            }
            int heartbeats = 20;
            for (int i = 0; i < heartbeats; i++) {
                timers.advance(Duration.ofSeconds(3));
                waiters.renew();
            }
            long granted = waiting.stream().filter(CompletableFuture::isDone).count();
            assertThat(granted).isBetween(25L, 30L);
            assertThat(renewals()).isLessThanOrEqualTo(granted + 2 * heartbeats);
            assertThat(timers.armed()).isLessThanOrEqualTo(3 + (int) (40 - granted));
        }

        @Test
        void startsWithTheOneWhoCameFirst() {
            hold(this.rate);
            CompletableFuture<Settled> first = ask(this.rate, Duration.ofMinutes(1));
            CompletableFuture<Settled> second = ask(this.rate, Duration.ofMinutes(1));
            timers.advance(Duration.ofSeconds(3));
            assertThat(first).isDone();
            assertThat(second).isNotDone();
        }
    }
}
