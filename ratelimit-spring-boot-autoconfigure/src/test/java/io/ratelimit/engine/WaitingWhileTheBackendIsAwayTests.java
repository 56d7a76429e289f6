package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.Permit;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.engine.SteeredBackend.Wire;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class WaitingWhileTheBackendIsAwayTests extends WaitingEngines {

    @Nested
    class AWaitThatIsUnderWay {

        @Test
        void goesOnWhenTheBackendIsBackInTime() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.wire(Wire.CUT);
            for (int i = 0; i < 3; i++) {
                time.advance(LEASE.dividedBy(4));
                beatBoth();
            }
            assertThat(waiting).isNotDone();
            backend.wire(Wire.WHOLE);
            beatBoth();
            before.close();
            assertThat(granted(waiting).isValid()).isTrue();
        }

        @Test
        void isGrantedByTheNextHeartbeatWhereTheMessageWentAstray() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.wire(Wire.DROPS_REPLIES);
            before.close();
            backend.wire(Wire.WHOLE);
            assertThat(waiting).isNotDone();
            here.beat();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void isCancelledOnceTheBackendHears() {
            there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.wire(Wire.CUT);
            waiting.cancel(false);
            backend.wire(Wire.WHOLE);
            assertThat(queue("slot")).hasSize(1);
            here.beat();
            assertThat(queue("slot")).isEmpty();
        }

        @Test
        void isStoppedThoughTheBackendDoesNotHear() {
            there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.wire(Wire.CUT);
            here.stop();
            assertThat(waiting).isCompletedExceptionally();
        }
    }

    @Nested
    class AWaitThatRunsOutUnheard {

        private Permit before;

        private CompletableFuture<Permit> waiting;

        /** Its time is up, and what it does about that is on the wire. */
        private void runOut(String resource) {
            this.before = there.acquire(resource);
            backend.holdBack(Withdraw.class);
            this.waiting = ask(resource, MOMENT);
            isHeldBack(1);
        }

        @Test
        void failsWhereTheResourceRejects() {
            runOut("slot");
            backend.wire(Wire.CUT);
            backend.letGo();
            assertThat(failureOf(this.waiting)).isInstanceOf(BackendUnavailableException.class);
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.ERROR);
            backend.wire(Wire.WHOLE);
            here.beat();
            assertThat(queue("slot")).isEmpty();
            this.before.close();
            isFree("slot");
        }

        @Test
        void leavesNoSlotBehindThatItWasGranted() {
            runOut("slot");
            holdBackMessages();
            this.before.close();
            backend.wire(Wire.CUT);
            backend.letGo(Withdraw.class);
            backend.wire(Wire.WHOLE);
            assertThat(used("slot")).isEqualTo(1);
            here.beat();
            backend.letGo();
            assertThat(used("slot")).isZero();
            isFree("slot");
        }

        @Test
        void leavesNoSlotBehindThatTheLostAnswerGranted() {
            runOut("slot");
            backend.holdBack(Withdraw.class, GrantListener.class);
            this.before.close();
            backend.wire(Wire.DROPS_REPLIES);
            backend.letGo(Withdraw.class);
            assertThat(failureOf(this.waiting)).isInstanceOf(BackendUnavailableException.class);
            backend.wire(Wire.WHOLE);
            backend.letGo();
            isFree("slot");
            here.beat();
            isFree("slot");
            assertThat(arrived(Cancel.class)).hasSize(2);
        }

        @Test
        void goesOnWithoutAPermitWhereTheResourceIsLenient() {
            runOut("lenient");
            backend.wire(Wire.CUT);
            backend.letGo();
            assertThat(granted(this.waiting).fencingToken()).isZero();
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.BYPASSED);
            backend.wire(Wire.WHOLE);
            here.beat();
            this.before.close();
            isFree("lenient");
        }

        @Test
        void takesThisInstancesShareIfThatIsFree() {
            runOut("local");
            backend.wire(Wire.CUT);
            backend.letGo();
            Permit permit = granted(this.waiting);
            assertThat(permit.fencingToken()).isPositive();
            backend.wire(Wire.WHOLE);
            here.beat();
            this.before.close();
            assertThat(used("local")).isEqualTo(1);
            permit.close();
            isFree("local");
        }

        @Test
        void isOverWhereThisInstancesShareIsTakenToo() {
            backend.wire(Wire.CUT);
            Permit share = here.acquire("local");
            backend.wire(Wire.WHOLE);
            time.advance(Duration.ofSeconds(2));
            runOut("local");
            backend.wire(Wire.CUT);
            backend.letGo();
            await().until(this.waiting::isDone);
            isTimedOut(this.waiting);
            assertThat(share.isValid()).isTrue();
        }

        @Test
        void isCancelledWithoutATraceWhereItsCallerGoes() {
            runOut("slot");
            this.waiting.cancel(false);
            backend.wire(Wire.CUT);
            backend.letGo();
            backend.wire(Wire.WHOLE);
            here.beat();
            this.before.close();
            isFree("slot");
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.CANCELLED);
        }
    }

    @Nested
    class ACallThatBegins {

        @Test
        void waitsInTheLineOfThisInstance() {
            backend.wire(Wire.CUT);
            Permit share = here.acquire("local");
            CompletableFuture<Permit> first = ask("local");
            CompletableFuture<Permit> second = ask("local");
            assertThat(first).isNotDone();
            share.close();
            granted(first);
            assertThat(second).isNotDone();
            granted(first).close();
            granted(second).close();
            backend.wire(Wire.WHOLE);
            isFree("local");
        }

        @Test
        void leavesTheLineOfThisInstanceWhenItIsCancelled() {
            backend.wire(Wire.CUT);
            Permit share = here.acquire("local");
            CompletableFuture<Permit> first = ask("local");
            CompletableFuture<Permit> second = ask("local");
            first.cancel(false);
            share.close();
            granted(second);
            assertThat(answers.outcomes)
                    .containsExactly(AcquireOutcome.ACQUIRED, AcquireOutcome.CANCELLED, AcquireOutcome.ACQUIRED);
        }

        @Test
        void leavesNoTicketBehindWhoseAnswerWasLost() {
            Permit before = there.acquire("slot");
            backend.wire(Wire.DROPS_REPLIES);
            CompletableFuture<Permit> asking = ask("slot");
            assertThat(failureOf(asking)).isInstanceOf(BackendUnavailableException.class);
            backend.wire(Wire.WHOLE);
            assertThat(queue("slot")).isEmpty();
            before.close();
            isFree("slot");
        }

        @Test
        void leavesNoTicketBehindWhoseAnswerAndCancellationWereLost() {
            Permit before = there.acquire("slot");
            backend.wire(Wire.DROPS_REPLIES);
            backend.holdBack(Cancel.class);
            CompletableFuture<Permit> asking = ask("slot");
            assertThat(failureOf(asking)).isInstanceOf(BackendUnavailableException.class);
            backend.wire(Wire.CUT);
            backend.letGo();
            backend.wire(Wire.WHOLE);
            assertThat(queue("slot")).hasSize(1);
            here.beat();
            assertThat(queue("slot")).isEmpty();
            before.close();
            isFree("slot");
        }

        @Test
        void leavesNoRateChargedThatWasGrantedFromTheQueueUnheard() {
            for (int i = 0; i < 3; i++) {
                there.acquire("calls");
            }
            backend.wire(Wire.DROPS_REPLIES);
            backend.holdBack(Cancel.class);
            CompletableFuture<Permit> asking = ask("calls");
            assertThat(failureOf(asking)).isInstanceOf(BackendUnavailableException.class);
            time.advance(Duration.ofMillis(1_001));
            there.operations().inspect("calls", null);
            backend.wire(Wire.WHOLE);
            assertThat(used("calls")).isEqualTo(1);
            backend.letGo();
            assertThat(used("calls")).isZero();
        }
    }
}
