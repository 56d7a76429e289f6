package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.Permit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Renew;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class WaitingTests extends WaitingEngines {

    @Nested
    class ACallThatWaits {

        @Test
        void isGrantedByAReleaseOfAnotherInstance() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            before.close();
            Permit permit = granted(waiting);
            assertThat(permit.isValid()).isTrue();
            assertThat(permit.fencingToken()).isGreaterThan(before.fencingToken());
            assertThat(used("slot")).isEqualTo(1);
            permit.close();
            isFree("slot");
        }

        @Test
        void isGrantedByAReleaseOfItsOwnInstance() {
            Permit before = here.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            before.close();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void costsOneCallAndIsGrantedByTheReleaseBeforeIt() {
            Permit before = there.acquire("slot");
            int calls = backend.calls();
            CompletableFuture<Permit> waiting = ask("slot");
            before.close();
            granted(waiting);
            assertThat(backend.calls() - calls).isEqualTo(2);
        }

        @Test
        void isCountedWithTheTimeItWaited() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            time.advance(Duration.ofSeconds(3));
            before.close();
            granted(waiting);
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.ACQUIRED);
            assertThat(answers.times).containsExactly(Duration.ofSeconds(3));
            assertThat(answers.slotsHeld).hasValue(1);
        }

        @Test
        void keepsItsPlaceForAsLongAsItsInstanceLives() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            live(Duration.ofSeconds(50));
            assertThat(before.isValid()).isTrue();
            before.close();
            Permit permit = granted(waiting);
            live(Duration.ofSeconds(50));
            assertThat(permit.isValid()).isTrue();
            assertThat(used("slot")).isEqualTo(1);
        }

        @Test
        void isRenewedInOneCallWithAllOthersOfItsInstance() {
            there.acquire("slot");
            for (int i = 0; i < 5; i++) {
                waitFor("slot");
            }
            here.beat();
            assertThat(arrived(Renew.class))
                    .singleElement()
                    .satisfies((renew) -> assertThat(renew.tickets()).hasSize(5));
        }

        @Test
        void isGrantedWhenTheLeaseOfADeadHolderIsOver() {
            there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            for (int i = 0; i < 4; i++) {
                assertThat(waiting).isNotDone();
                time.advance(LEASE.dividedBy(4));
                here.beat();
            }
            assertThat(granted(waiting).isValid()).isTrue();
            assertThat(used("slot")).isEqualTo(1);
        }

        @Test
        void doesNotWaitForOneWhoseInstanceDied() {
            Permit before = here.acquire("slot");
            waitFor(there, LimitRequest.of("slot"));
            CompletableFuture<Permit> behind = waitFor("slot");
            for (int i = 0; i < 5; i++) {
                time.advance(LEASE.dividedBy(4));
                here.beat();
            }
            before.close();
            assertThat(granted(behind).isValid()).isTrue();
        }
    }

    @Nested
    class TheLine {

        private final List<String> order = new ArrayList<>();

        private CompletableFuture<Permit> waitAs(String name, LimiterEngine engine, LimitRequest request) {
            return waitFor(engine, request).thenApply((permit) -> {
                this.order.add(name);
                return permit;
            });
        }

        @Test
        void isInOrderOfArrivalOverAllInstances() {
            Permit before = there.acquire("slot");
            List<CompletableFuture<Permit>> waiting = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                waiting.add(waitAs("here " + i, here, LimitRequest.of("slot")));
                waiting.add(waitAs("there " + i, there, LimitRequest.of("slot")));
            }
            before.close();
            waiting.forEach((next) -> granted(next).close());
            assertThat(this.order).containsExactly("here 0", "there 0", "here 1", "there 1", "here 2", "there 2");
            isFree("slot");
        }

        @Test
        void isPassedByNobody() {
            Permit one = there.acquire("slots");
            there.acquire("slots");
            CompletableFuture<Permit> big =
                    waitFor(here, LimitRequest.of("slots").amount("default", 2));
            one.close();
            assertThat(there.tryAcquire(LimitRequest.of("slots"))).isEmpty();
            assertThat(waitFor("slots")).isNotDone();
            assertThat(big).isNotDone();
        }

        @Test
        void letsHigherPrioritiesGoFirst() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> low =
                    waitAs("low", here, LimitRequest.of("slot").priority(-1));
            CompletableFuture<Permit> plain = waitAs("plain", there, LimitRequest.of("slot"));
            CompletableFuture<Permit> high =
                    waitAs("high", here, LimitRequest.of("slot").priority(7));
            before.close();
            List.of(high, plain, low).forEach((next) -> granted(next).close());
            assertThat(this.order).containsExactly("high", "plain", "low");
        }

        @Test
        void letsNobodyStarveBehindHigherPriorities() {
            Permit holder = there.acquire("slot");
            CompletableFuture<Permit> low = waitFor("slot");
            CompletableFuture<Permit> next = low;
            int served = 0;
            while (!low.isDone() && served < 100) {
                next = waitFor(there, LimitRequest.of("slot").priority(5));
                live(Duration.ofMillis(500));
                holder.close();
                holder = low.isDone() ? granted(low) : granted(next);
                served++;
            }
            assertThat(served).isBetween(9, 12);
        }

        @Test
        void isSeenFromOutside() {
            there.acquire("slot");
            waitFor(here, LimitRequest.of("slot").priority(3));
            time.advance(Duration.ofSeconds(2));
            PartitionSnapshot seen = snapshot("slot");
            assertThat(seen.queued()).isEqualTo(1);
            assertThat(seen.queue()).singleElement().satisfies((waiter) -> {
                assertThat(waiter.instance()).isEqualTo(here.instance());
                assertThat(waiter.priority()).isEqualTo(3);
                assertThat(waiter.waited()).isBetween(Duration.ofSeconds(2).minusNanos(1_000), Duration.ofSeconds(2));
            });
        }

        @Test
        void ofFullLengthTakesNobody() {
            there.acquire("narrow");
            waitFor("narrow");
            waitFor(there, LimitRequest.of("narrow"));
            CompletableFuture<Permit> third = ask("narrow");
            assertThat(failureOf(third)).isInstanceOfSatisfying(LimitExceededException.class, (refusal) -> {
                assertThat(refusal.timedOut()).isFalse();
                assertThat(refusal.violated()).containsExactly(ONE_SLOT);
            });
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.REJECTED);
            assertThat(queue("narrow")).hasSize(2);
        }

        @Test
        void isNotJoinedByWhoOnlyTries() {
            there.acquire("slot");
            assertThat(here.tryAcquire(LimitRequest.of("slot").maxWait(Duration.ofSeconds(9))))
                    .isEmpty();
            assertThat(arrived(Acquire.class).map(Acquire::maxWaitMicros))
                    .last()
                    .isEqualTo(0L);
            assertThat(queue("slot")).isEmpty();
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.REJECTED);
        }
    }

    @Nested
    class Messages {

        @Test
        void mayComeBeforeTheAnswerThatTheTicketWaits() {
            Permit before = there.acquire("slot");
            backend.holdBackReplies(Acquire.class);
            CompletableFuture<Permit> waiting = ask("slot");
            before.close();
            Permit permit = granted(waiting);
            backend.letGo();
            here.beat();
            assertThat(arrived(Renew.class).flatMap((renew) -> renew.tickets().stream()))
                    .isEmpty();
            assertThat(permit.isValid()).isTrue();
            permit.close();
            isFree("slot");
        }

        @Test
        void mayComeTwice() {
            Permit before = there.acquire("slots");
            there.acquire("slots");
            CompletableFuture<Permit> first = waitFor("slots");
            holdBackMessages();
            before.close();
            backend.letGoOnceMore();
            Permit permit = granted(first);
            backend.letGoOnceMore();
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.ACQUIRED);
            assertThat(answers.slotsHeld).hasValue(1);
            assertThat(used("slots")).isEqualTo(2);
            permit.close();
            backend.letGo();
            assertThat(used("slots")).isEqualTo(1);
            assertThat(answers.slotsHeld).hasValue(0);
        }

        @Test
        void thatGetLostAreMadeUpForByTheNextHeartbeat() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            backend.loseHeldBack();
            time.advance(LEASE.dividedBy(3));
            assertThat(waiting).isNotDone();
            here.beat();
            Permit permit = granted(waiting);
            live(LEASE.multipliedBy(2));
            assertThat(permit.isValid()).isTrue();
            permit.close();
            isFree("slot");
        }

        @Test
        void thatGetLostWithTheirConnectionAreMadeUpForAtOnce() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            backend.loseHeldBack();
            backend.sayMissed();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void thatGetLostWithTheStateGrantNothingThatIsHeld() {
            Permit held = here.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            backend.loseState();
            backend.sayMissed();
            assertThat(used("slot")).isEqualTo(1);
            assertThat(waiting).isNotDone();
            held.close();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void thatComeAfterTheHeartbeatThatToldChangeNothing() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            here.beat();
            granted(waiting);
            backend.letGo();
            assertThat(used("slot")).isEqualTo(1);
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.ACQUIRED);
        }

        @Test
        void asOldAsTheLeaseMakeTheWaiterAskAgain() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            time.advance(LEASE);
            backend.letGo();
            assertThat(arrived(Renew.class)).hasSize(1);
            Permit permit = granted(waiting);
            assertThat(permit.isValid()).isTrue();
            time.advance(LEASE.minusNanos(1));
            assertThat(used("slot")).isEqualTo(1);
        }

        @Test
        void asOldAsTheLeaseAreNotBelieved() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            time.advance(LEASE);
            Permit taken = there.acquire("slot");
            backend.letGo();
            assertThat(waiting).isNotDone();
            assertThat(used("slot")).isEqualTo(1);
            taken.close();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void asOldAsTheLeaseLeaveTheWaiterItsOldPlace() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            time.advance(LEASE);
            Permit taken = there.acquire("slot");
            CompletableFuture<Permit> later = waitFor(there, LimitRequest.of("slot"));
            backend.letGo();
            assertThat(queue("slot"))
                    .extracting(PartitionSnapshot.Waiter::instance)
                    .containsExactly(here.instance(), there.instance());
            taken.close();
            granted(waiting).close();
            granted(later);
        }

        @Test
        void thatAreNotQuiteThatOldAreBelievedForWhatIsLeftOfTheLease() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            holdBackMessages();
            before.close();
            time.advance(LEASE.minusNanos(1));
            backend.letGo();
            Permit permit = granted(waiting);
            assertThat(arrived(Renew.class)).isEmpty();
            assertThat(permit.isValid()).isTrue();
            time.advance(Duration.ofNanos(1));
            assertThat(permit.isValid()).isFalse();
        }
    }

    @Nested
    class AStateThatIsLost {

        @Test
        void leavesThoseWhoWaitInTheSameOrder() {
            Permit before = there.acquire("slot");
            List<CompletableFuture<Permit>> waiting = new ArrayList<>();
            waiting.add(waitFor("slot"));
            waiting.add(waitFor(there, LimitRequest.of("slot")));
            waiting.add(waitFor(here, LimitRequest.of("slot").priority(1)));
            waiting.add(waitFor(there, LimitRequest.of("slot")));
            List<String> tickets = tickets();
            backend.loseState();
            assertThat(tickets()).isEmpty();
            time.advance(LEASE.dividedBy(3));
            there.beat();
            CompletableFuture<Permit> newcomer = waitFor("slot");
            here.beat();
            assertThat(tickets()).startsWith(tickets.toArray(String[]::new)).hasSize(5);
            assertThat(used("slot")).isEqualTo(1);
            before.close();
            List.of(2, 0, 1, 3).forEach((i) -> granted(waiting.get(i)).close());
            granted(newcomer).close();
            isFree("slot");
        }

        private List<String> tickets() {
            return queue("slot").stream().map(PartitionSnapshot.Waiter::ticket).toList();
        }
    }
}
