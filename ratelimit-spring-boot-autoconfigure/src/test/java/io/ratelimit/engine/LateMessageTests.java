package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.engine.SteeredBackend.Wire;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * What was true when it was sent and is not when it arrives: an instance that stood still, connections of unequal speed.
 */
class LateMessageTests extends WaitingEngines {

    @Nested
    class AGrantWhoseLeaseIsOver {

        @Test
        void isNotBelievedAfterItsTicketWasPutBackIntoTheQueue() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            time.advance(LEASE);
            Permit taken = there.acquire("slot");
            here.beat();
            assertThat(queue("slot")).hasSize(1);
            backend.letGo();
            beatBoth();
            assertThat(used("slot")).isEqualTo(1);
            assertThat(taken.isValid()).isTrue();
            assertThat(waiting).isNotDone();
            taken.close();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void isNotBelievedAfterAnAnswerThatWasOnItsWayForLong() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.holdBack(GrantListener.class, Renew.class);
            before.close();
            time.advance(LEASE.minusNanos(1_000));
            here.beat();
            time.advance(Duration.ofNanos(1_000));
            Permit taken = there.acquire("slot");
            backend.letGo(Renew.class);
            assertThat(queue("slot")).hasSize(1);
            backend.letGo();
            assertThat(waiting).isNotDone();
            beatBoth();
            assertThat(used("slot")).isEqualTo(1);
            taken.close();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void isTakenByAWithdrawalOnlyWithALease() {
            Permit before = there.acquire("slot");
            backend.holdBack(GrantListener.class, Withdraw.class);
            CompletableFuture<Permit> waiting = ask("slot", MOMENT);
            isHeldBack(1);
            before.close();
            time.advance(LEASE);
            backend.letGo(Withdraw.class);
            if (waiting.isCompletedExceptionally()) {
                isTimedOut(waiting);
            } else {
                assertThat(used("slot")).isEqualTo(1);
                Permit permit = granted(waiting);
                live(LEASE.multipliedBy(2));
                assertThat(permit.isValid()).isTrue();
                assertThat(there.tryAcquire(LimitRequest.of("slot"))).isEmpty();
                permit.close();
            }
            isFree("slot");
        }

        @Test
        void waitsForTheAnswerThatItsTicketIsQueued() {
            Permit before = there.acquire("slot");
            backend.holdBackReplies(Acquire.class);
            CompletableFuture<Permit> waiting = ask("slot");
            holdBackMessages();
            before.close();
            time.advance(LEASE);
            backend.letGo(GrantListener.class);
            assertThat(waiting).isNotDone();
            backend.letGo();
            here.beat();
            granted(waiting).close();
            isFree("slot");
        }
    }

    @Nested
    class ARenewal {

        @Test
        void thatAReleaseOvertakesPutsNobodyBack() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.holdBack(Renew.class);
            here.beat();
            before.close();
            granted(waiting).close();
            backend.letGo();
            isFree("slot");
        }

        @Test
        void thatAReleaseOvertakesPutsNobodyBackBehindOthers() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            CompletableFuture<Permit> next = waitFor(there, LimitRequest.of("slot"));
            backend.holdBack(Renew.class);
            here.beat();
            before.close();
            granted(waiting).close();
            backend.letGo();
            granted(next).close();
            isFree("slot");
        }

        @Test
        void thatAWithdrawalOvertakesPutsNobodyBack() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = ask("slot", Duration.ofMillis(50));
            backend.holdBack(Renew.class);
            here.beat();
            await().until(waiting::isDone);
            isTimedOut(waiting);
            backend.letGo();
            before.close();
            isFree("slot");
        }

        @Test
        void thatACancellationOvertakesPutsNobodyBack() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.holdBack(Renew.class);
            here.beat();
            waiting.cancel(false);
            backend.letGo();
            before.close();
            isFree("slot");
        }

        @Test
        void thatAConfirmationOvertakesChargesNoRateTwice() {
            for (int i = 0; i < 3; i++) {
                there.acquire("calls");
            }
            CompletableFuture<Permit> waiting = waitFor("calls");
            backend.holdBack(Renew.class);
            here.beat();
            time.advance(Duration.ofMillis(1_001));
            there.acquire("calls");
            granted(waiting);
            assertThat(used("calls")).isEqualTo(2);
            backend.letGo();
            assertThat(snapshot("calls").holders()).isEmpty();
            assertThat(queue("calls")).isEmpty();
        }

        @Test
        void whoseAnswerComesLateTakesNothingFromAPermit() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.holdBackReplies(Renew.class);
            here.beat();
            before.close();
            Permit permit = granted(waiting);
            backend.letGo();
            assertThat(used("slot")).isEqualTo(1);
            beatBoth();
            assertThat(permit.isValid()).isTrue();
            assertThat(used("slot")).isEqualTo(1);
        }
    }

    @Nested
    class ATicketThatWasGivenUpInOnePlace {

        @Test
        void isNotGrantedInAnother() {
            Permit before = there.acquire("local");
            backend.wire(Wire.CUT);
            Permit share = here.acquire("local");
            backend.wire(Wire.WHOLE);
            here.operations().inspect("local", null).join();
            backend.wire(Wire.DROPS_REPLIES);
            backend.holdBack(Cancel.class);
            CompletableFuture<Permit> waiting = ask("local");
            backend.wire(Wire.WHOLE);
            assertThat(queue("local")).hasSize(1);
            assertThat(waiting).isNotDone();
            before.close();
            assertThat(waiting).isNotDone();
            backend.letGo();
            isFreeThere("local");
            share.close();
            Permit permit = granted(waiting);
            assertThat(permit.isValid()).isTrue();
            permit.close();
            isFree("local");
        }

        private void isFreeThere(String resource) {
            assertThat(snapshot(resource).limits())
                    .extracting(LimitStatus::used)
                    .containsExactly(0L);
        }

        @Test
        void isCancelledHoweverLongTheBackendIsAway() {
            there.acquire("long");
            CompletableFuture<Permit> given = waitFor("long");
            CompletableFuture<Permit> staying = waitFor("long");
            backend.wire(Wire.CUT);
            given.cancel(false);
            for (int i = 0; i < 5; i++) {
                time.advance(LEASE.dividedBy(4));
                beatBoth();
            }
            backend.wire(Wire.WHOLE);
            beatBoth();
            assertThat(granted(staying).isValid()).isTrue();
            granted(staying).close();
            isFree("long");
        }
    }

    @Nested
    class AcquiringSeveral {

        private final List<LimitRequest> both = List.of(LimitRequest.of("slot"), LimitRequest.of("other"));

        @Test
        void leavesTheQueueOfTheSecondWhenCancelled() {
            there.acquire("other");
            CompletableFuture<List<Permit>> all = here.acquireAllAsync(this.both);
            assertThat(queue("other")).hasSize(1);
            all.cancel(false);
            assertThat(queue("other")).isEmpty();
            isFree("slot");
        }

        @Test
        void leavesTheQueueOfTheSecondWhenInterrupted() throws InterruptedException {
            there.acquire("other");
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            Thread caller = new Thread(() -> {
                try {
                    thrown.complete(new AssertionError(here.acquireAll(this.both)));
                } catch (RuntimeException ex) {
                    thrown.complete(ex);
                }
            });
            caller.start();
            await().until(() -> queue("other").size() == 1);
            caller.interrupt();
            assertThat(thrown.join()).isInstanceOf(CancellationException.class);
            caller.join();
            assertThat(queue("other")).isEmpty();
            isFree("slot");
        }
    }

    @Test
    void closingEndsAllWaiting() {
        there.acquire("slot");
        CompletableFuture<Permit> waiting = waitFor("slot");
        here.close();
        assertThat(waiting).isCompletedExceptionally();
        assertThat(failureOf(waiting)).isInstanceOf(CancellationException.class);
    }
}
