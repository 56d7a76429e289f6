package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.ConcurrencyLimitExceededException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.RateLimitExceededException;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Withdraw;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Waits that run out, at the very moment of the grant too.
 */
class WaitTimeoutTests extends WaitingEngines {

    private static final int RACES = 100;

    @Nested
    class AWaitThatRanOut {

        @Test
        void isARefusalThatSaysSo() {
            there.acquire("slot");
            CompletableFuture<Permit> waiting = ask("slot", MOMENT);
            assertThat(failureOf(waiting))
                    .isInstanceOfSatisfying(ConcurrencyLimitExceededException.class, (refusal) -> {
                        assertThat(refusal.timedOut()).isTrue();
                        assertThat(refusal.resource()).isEqualTo("slot");
                        assertThat(refusal.limitName()).isEqualTo("default");
                        assertThat(refusal.violated()).containsExactly(ONE_SLOT);
                        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(1));
                        assertThat(refusal.limits()).containsExactly(new LimitStatus(ONE_SLOT, 1, Duration.ZERO));
                    });
            assertThat(queue("slot")).isEmpty();
        }

        @Test
        void tellsTheCallerThatBlocksTheSame() {
            there.acquire("slot");
            LimitRequest request = LimitRequest.of("slot").maxWait(MOMENT);
            CompletableFuture<Permit> caller = CompletableFuture.supplyAsync(() -> here.acquire(request));
            isTimedOut(caller);
        }

        @Test
        void behindOthersForARateTellsWhenThatOpens() {
            for (int i = 0; i < 3; i++) {
                there.acquire("calls");
            }
            time.advance(Duration.ofMillis(300));
            waitFor("calls");
            CompletableFuture<Permit> waiting = ask("calls", MOMENT);
            assertThat(failureOf(waiting)).isInstanceOfSatisfying(RateLimitExceededException.class, (refusal) -> {
                assertThat(refusal.timedOut()).isTrue();
                assertThat(refusal.violated()).containsExactly(THREE_A_SECOND);
                assertThat(refusal.retryAfter())
                        .isEqualTo(Duration.ofMillis(700).plusNanos(1_000));
            });
            assertThat(queue("calls")).hasSize(1);
        }

        @Test
        void namesWhatItWaitedForThoughThatIsFreeByThen() {
            Permit one = there.acquire("slots");
            Permit other = there.acquire("slots");
            waitFor(here, LimitRequest.of("slots").amount("default", 2));
            backend.holdBack(Withdraw.class);
            CompletableFuture<Permit> waiting = ask("slots", MOMENT);
            isHeldBack(1);
            one.close();
            backend.letGo();
            assertThat(failureOf(waiting)).isInstanceOfSatisfying(LimitExceededException.class, (refusal) -> {
                assertThat(refusal.timedOut()).isTrue();
                assertThat(refusal.limitName()).isEqualTo("default");
                assertThat(refusal.violated()).hasSize(1);
                assertThat(refusal.retryAfter()).isZero();
            });
            assertThat(other.isValid()).isTrue();
        }

        @Test
        void namesWhatItWaitedForThoughItHasGivenSignsOfLifeSince() {
            Permit one = there.acquire("slots");
            there.acquire("slots");
            waitFor(here, LimitRequest.of("slots").amount("default", 2));
            backend.holdBack(Withdraw.class);
            CompletableFuture<Permit> waiting = ask("slots", MOMENT);
            isHeldBack(1);
            here.beat();
            one.close();
            backend.letGo();
            isTimedOut(waiting);
        }

        @Test
        void neverSpeaksOfTheKey() {
            LimitRequest request = LimitRequest.of("slot").key("alice@example.org");
            there.acquire(request);
            CompletableFuture<Permit> waiting = here.acquireAsync(request.maxWait(MOMENT));
            assertThat(failureOf(waiting))
                    .isInstanceOf(LimitExceededException.class)
                    .hasMessageContaining("'slot'")
                    .hasMessageNotContaining("alice");
        }

        @Test
        void isCountedAsSuchWithTheTimeItWaited() {
            there.acquire("slot");
            backend.holdBack(Withdraw.class);
            CompletableFuture<Permit> waiting = ask("slot", MOMENT);
            isHeldBack(1);
            time.advance(Duration.ofSeconds(2));
            backend.letGo();
            isTimedOut(waiting);
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.TIMEOUT);
            assertThat(answers.times).containsExactly(Duration.ofSeconds(2));
        }

        @Test
        void letsThoseBehindGoOn() {
            Permit one = there.acquire("slots");
            there.acquire("slots");
            backend.holdBack(Withdraw.class);
            CompletableFuture<Permit> big = here.acquireAsync(
                    LimitRequest.of("slots").amount("default", 2).maxWait(MOMENT));
            CompletableFuture<Permit> small = waitFor(there, LimitRequest.of("slots"));
            isHeldBack(1);
            one.close();
            assertThat(small).isNotDone();
            backend.letGo();
            granted(small);
            isTimedOut(big);
        }

        @Test
        void wasNotWhereARateOpensTooLateAnyway() {
            for (int i = 0; i < 3; i++) {
                there.acquire("calls");
            }
            CompletableFuture<Permit> waiting = ask("calls", Duration.ofSeconds(1));
            assertThat(failureOf(waiting)).isInstanceOfSatisfying(RateLimitExceededException.class, (refusal) -> {
                assertThat(refusal.timedOut()).isFalse();
                assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(1).plusNanos(1_000));
            });
            assertThat(arrived(Withdraw.class)).isEmpty();
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.REJECTED);
            waitFor(here, LimitRequest.of("calls").maxWait(Duration.ofSeconds(1).plusNanos(1_000)));
        }
    }

    @Nested
    class AGrantAtTheLastMoment {

        private Permit before;

        private CompletableFuture<Permit> waiting;

        /** Its timer has fired, and what it does about that is on the wire. */
        private void runOut(Class<?>... alsoHeldBack) {
            this.before = there.acquire("slot");
            Class<?>[] held = Arrays.copyOf(alsoHeldBack, alsoHeldBack.length + 1);
            held[alsoHeldBack.length] = Withdraw.class;
            backend.holdBack(held);
            this.waiting = ask("slot", MOMENT);
            isHeldBack(1);
        }

        @Test
        void toldBeforeTheWithdrawalArrivesIsTaken() {
            runOut();
            this.before.close();
            Permit permit = granted(this.waiting);
            backend.letGo();
            assertThat(permit.isValid()).isTrue();
            assertThat(used("slot")).isEqualTo(1);
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.ACQUIRED);
            permit.close();
            isFree("slot");
        }

        @Test
        void afterTheWithdrawalIsTheNextOnes() {
            runOut();
            backend.letGo();
            isTimedOut(this.waiting);
            this.before.close();
            assertThat(used("slot")).isZero();
            isFree("slot");
        }

        @Test
        void thatIsStillToBeToldIsTakenByTheWithdrawal() {
            runOut(GrantListener.class);
            this.before.close();
            assertThat(this.waiting).isNotDone();
            backend.letGo(Withdraw.class);
            Permit permit = granted(this.waiting);
            backend.letGo();
            assertThat(permit.isValid()).isTrue();
            assertThat(used("slot")).isEqualTo(1);
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.ACQUIRED);
            assertThat(answers.slotsHeld).hasValue(1);
            permit.close();
            isFree("slot");
        }

        @Test
        void thatIsToldBeforeTheAnswerToTheWithdrawalIsTakenOnce() {
            runOut(GrantListener.class);
            this.before.close();
            backend.holdBackReplies(Withdraw.class);
            backend.letGo(Withdraw.class);
            backend.letGo(GrantListener.class);
            Permit permit = granted(this.waiting);
            backend.letGo();
            assertThat(used("slot")).isEqualTo(1);
            assertThat(answers.slotsHeld).hasValue(1);
            permit.close();
            isFree("slot");
        }

        @Test
        void whileTheAnswerThatItHasLeftIsOnItsWayIsTheNextOnes() {
            this.before = there.acquire("slot");
            backend.holdBackReplies(Withdraw.class);
            this.waiting = ask("slot", MOMENT);
            isHeldBack(1);
            this.before.close();
            assertThat(used("slot")).isZero();
            assertThat(this.waiting).isNotDone();
            backend.letGo();
            isTimedOut(this.waiting);
            isFree("slot");
        }

        @Test
        void afterTheBackendCountsTheTimeAsUpIsTheNextOnes() {
            runOut();
            time.advance(MOMENT);
            this.before.close();
            assertThat(used("slot")).isZero();
            backend.letGo();
            isTimedOut(this.waiting);
            isFree("slot");
        }

        @Test
        void ofATicketThatIsAnsweredOnlyThenIsTakenToo() {
            this.before = there.acquire("slot");
            backend.holdBackReplies(Acquire.class);
            this.waiting = ask("slot", MOMENT);
            time.advance(MOMENT.multipliedBy(2));
            backend.letGo();
            isTimedOut(this.waiting);
            this.before.close();
            isFree("slot");
        }

        @Test
        void isNeitherLostNorDoubledWhoeverComesFirst() {
            Race race = new Race();
            for (int i = 0; i < RACES; i++) {
                runOut();
                race.run(this.before::close, backend::letGo);
                if (this.waiting.isCompletedExceptionally()) {
                    isTimedOut(this.waiting);
                } else {
                    assertThat(used("slot")).isEqualTo(1);
                    granted(this.waiting).close();
                }
                isFree("slot");
            }
            race.close();
            assertThat(answers.outcomes).hasSize(RACES).isSubsetOf(AcquireOutcome.ACQUIRED, AcquireOutcome.TIMEOUT);
        }
    }
}
