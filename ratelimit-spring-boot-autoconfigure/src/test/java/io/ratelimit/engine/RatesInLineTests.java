package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.engine.SteeredBackend.Wire;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Waiting for a rate, which nobody gives back: time alone opens it.
 */
class RatesInLineTests extends WaitingEngines {

    /** The window of the resource "drip". */
    private static final Duration DRIP = Duration.ofMillis(20).plusNanos(1_000);

    @Nested
    class AGrant {

        private CompletableFuture<Permit> waiting;

        @BeforeEach
        void waitForCalls() {
            for (int i = 0; i < 3; i++) {
                there.acquire("calls");
            }
            this.waiting = waitFor("calls");
            time.advance(Duration.ofSeconds(1).plusNanos(1_000));
        }

        @Test
        void comesWithAnyCallOnceTheRateIsOpen() {
            there.beat();
            Permit permit = granted(this.waiting);
            assertThat(permit.isValid()).isTrue();
            assertThat(used("calls")).isEqualTo(1);
            permit.close();
            time.advance(LEASE);
            assertThat(permit.isValid()).isFalse();
        }

        @Test
        void isConfirmedSoThatNoRecordIsLeft() {
            there.beat();
            String ticket = snapshotTicket();
            assertThat(arrived(Release.class)).containsExactly(new Release(ticket));
            assertThat(snapshot("calls").holders()).isEmpty();
            assertThat(used("calls")).isEqualTo(1);
            granted(this.waiting).close();
            assertThat(arrived(Release.class)).hasSize(1);
        }

        private String snapshotTicket() {
            return here.operations().instance() + ":1";
        }

        @Test
        void isConfirmedAgainUntilTheBackendHasHeard() {
            backend.holdBack(Release.class);
            there.beat();
            granted(this.waiting);
            backend.wire(Wire.CUT);
            backend.letGo();
            backend.wire(Wire.WHOLE);
            assertThat(snapshot("calls").holders()).hasSize(1);
            here.beat();
            assertThat(snapshot("calls").holders()).isEmpty();
        }

        @Test
        void thatIsToldTwiceIsConfirmedOnce() {
            holdBackMessages();
            there.beat();
            backend.letGoOnceMore();
            backend.letGo();
            granted(this.waiting);
            assertThat(arrived(Release.class)).hasSize(1);
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.ACQUIRED);
        }

        @Test
        void thatIsNotToldIsLearnedFromTheRecord() {
            holdBackMessages();
            there.beat();
            backend.loseHeldBack();
            here.beat();
            granted(this.waiting);
            assertThat(snapshot("calls").holders()).isEmpty();
            assertThat(used("calls")).isEqualTo(1);
        }

        @Test
        void thatIsNotToldAndGivenUpIsRefunded() {
            holdBackMessages();
            there.beat();
            backend.loseHeldBack();
            assertThat(used("calls")).isEqualTo(1);
            this.waiting.cancel(false);
            assertThat(used("calls")).isZero();
            assertThat(snapshot("calls").holders()).isEmpty();
        }

        @Test
        void thatIsUndoneIsRefunded() {
            there.acquire("slot");
            CompletableFuture<List<Permit>> all = here.acquireAllAsync(
                    List.of(LimitRequest.of("calls"), LimitRequest.of("slot").maxWait(MOMENT)));
            granted(this.waiting);
            isTimedOut(all);
            assertThat(used("calls")).isEqualTo(1);
        }
    }

    @Nested
    class TheTurn {

        @Test
        void isTimedWithoutAnyHeartbeat() {
            there.acquire("drip");
            CompletableFuture<Permit> waiting = waitFor("drip");
            time.advance(DRIP);
            await().until(waiting::isDone);
            granted(waiting);
            assertThat(arrived(Renew.class))
                    .isNotEmpty()
                    .allSatisfy((renew) -> assertThat(renew.tickets()).isEmpty());
        }

        @Test
        void isTimedAgainForTheNextHead() {
            there.acquire("drip");
            CompletableFuture<Permit> first = waitFor("drip");
            CompletableFuture<Permit> second = waitFor(there, LimitRequest.of("drip"));
            time.advance(DRIP);
            await().until(first::isDone);
            assertThat(second).isNotDone();
            time.advance(DRIP);
            await().until(second::isDone);
            granted(first);
            granted(second);
        }

        @Test
        void thatComesEarlyByTheBackendsClockIsTimedAgain() {
            there.acquire("drip");
            CompletableFuture<Permit> waiting = waitFor("drip");
            await().until(() -> arrived(Renew.class).count() >= 2);
            assertThat(waiting).isNotDone();
            time.advance(DRIP);
            await().until(waiting::isDone);
            granted(waiting);
        }

        @Test
        void whoseMessageIsLostIsToldWithTheNextHeartbeat() {
            there.acquire("drip");
            holdBackMessages();
            CompletableFuture<Permit> waiting = waitFor("drip");
            backend.loseHeldBack();
            here.beat();
            time.advance(DRIP);
            await().until(waiting::isDone);
            granted(waiting);
        }

        @Test
        void whoseMessageIsLostComesWithAHeartbeatAtTheLatest() {
            there.acquire("calls");
            there.acquire("calls");
            there.acquire("calls");
            holdBackMessages();
            CompletableFuture<Permit> waiting = waitFor("calls");
            backend.loseHeldBack();
            time.advance(LEASE.dividedBy(3));
            here.beat();
            granted(waiting);
        }

        @Test
        void ofOneThatHasLeftMovesNobody() {
            there.acquire("calls");
            there.acquire("calls");
            there.acquire("calls");
            holdBackMessages();
            waitFor("calls").cancel(false);
            backend.letGo();
            assertThat(arrived(Renew.class)).isEmpty();
            assertThat(queue("calls")).isEmpty();
        }

        @Test
        void isNotTimedWhileASlotIsMissingToo() {
            Permit before = null;
            for (int i = 0; i < 3; i++) {
                if (before != null) {
                    before.close();
                }
                before = there.acquire("both");
            }
            CompletableFuture<Permit> waiting = waitFor("both");
            before.close();
            assertThat(waiting).isNotDone();
            assertThat(snapshot("both").limits()).extracting(LimitStatus::used).containsExactly(3L, 0L);
            time.advance(Duration.ofSeconds(1).plusNanos(1_000));
            await().until(waiting::isDone);
            assertThat(granted(waiting).isValid()).isTrue();
            assertThat(snapshot("both").limits()).extracting(LimitStatus::used).containsExactly(1L, 1L);
            granted(waiting).close();
            isFree("both");
        }
    }
}
