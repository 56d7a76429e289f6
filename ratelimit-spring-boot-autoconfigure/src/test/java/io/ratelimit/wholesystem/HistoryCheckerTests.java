package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ratelimit.wholesystem.Step.Dropped;
import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.Lease;
import io.ratelimit.wholesystem.Step.Numbered;
import io.ratelimit.wholesystem.Step.PutBack;
import io.ratelimit.wholesystem.Step.Queued;
import io.ratelimit.wholesystem.Step.Renewed;
import io.ratelimit.wholesystem.Step.Restarted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Made-up histories, sound ones and one for every way to break an invariant: a checker that cannot fail is worth nothing.
 */
class HistoryCheckerTests {

    private static final long SECOND = 1_000_000;

    private static final long LEASE = 10 * SECOND;

    private static final long END = 5 * SECOND;

    private final List<Step> steps = new ArrayList<>();

    private final List<Occurrence> occurrences = new ArrayList<>();

    @Nested
    class Leases {

        @Test
        void mayHoldAllSlots() {
            granted("a", 1);
            granted("b", 2);
            freed("a");
            granted("c", 3);
            assertThat(checker().neverMoreLeasesThan(2)).isEqualTo(2);
        }

        @Test
        void mayNotHoldMore() {
            granted("a", 1);
            granted("b", 2);
            granted("c", 3);
            broken(() -> checker().neverMoreLeasesThan(2));
        }

        @Test
        void countWithTheSlotsThatTheyHold() {
            granted("a", 1);
            steps.add(new Granted("b", 2, 2, 2 + LEASE, 2, false));
            broken(() -> checker().neverMoreLeasesThan(2));
        }

        @Test
        void countIfTheyWerePutBack() {
            steps.add(new PutBack("a", 1, LEASE, 1));
            granted("b", 2);
            broken(() -> checker().neverMoreLeasesThan(1));
        }

        @Test
        void countNoMoreOnceTheyAreOver() {
            granted("a", 1);
            granted("b", 1 + LEASE);
            checker().neverMoreLeasesThan(1);
        }

        @Test
        void countForLongerOnceTheyAreRenewed() {
            granted("a", 1);
            steps.add(new Renewed("a", 2 + LEASE));
            granted("b", 1 + LEASE);
            broken(() -> checker().neverMoreLeasesThan(1));
        }
    }

    @Nested
    class Uses {

        @Test
        void mayFollowEachOther() {
            told(1, Event.GRANTED, 10, 1);
            told(1, Event.CLOSING, 20, 1);
            told(2, Event.GRANTED, 20, 2);
            told(2, Event.CLOSING, 30, 2);
            assertThat(checker().neverMoreInUseThan(1)).isEqualTo(1);
        }

        @Test
        void mayNotOverlapAboveTheLimit() {
            told(1, Event.GRANTED, 10, 1);
            told(2, Event.GRANTED, 19, 2);
            told(1, Event.CLOSING, 20, 1);
            told(2, Event.CLOSING, 30, 2);
            broken(() -> checker().neverMoreInUseThan(1));
        }

        @Test
        void goOnWhileNobodySaysThatTheyEnd() {
            told(1, Event.GRANTED, 10, 1);
            told(2, Event.GRANTED, 99, 2);
            broken(() -> checker().neverMoreInUseThan(1));
        }

        @Test
        void endWithTheirWorker() {
            told(1, Event.GRANTED, 10, 1);
            told(1, Event.KILLED, 20, 0);
            told(2, Event.GRANTED, 30, 2);
            checker().neverMoreInUseThan(1);
        }

        @Test
        void ofAFrozenWorkerEndThereIfTheirPermitIsOverLater() {
            told(1, Event.GRANTED, 10, 1);
            told(1, Event.FROZEN, 20, 0);
            told(2, Event.GRANTED, 30, 2);
            told(2, Event.CLOSING, 40, 2);
            told(1, Event.LOST, 50, 1);
            told(1, Event.CLOSING_LATE, 51, 1);
            checker().neverMoreInUseThan(1);
        }

        @Test
        void ofAFrozenWorkerThatTakesItsPermitForValidGoOn() {
            told(1, Event.GRANTED, 10, 1);
            told(1, Event.FROZEN, 20, 0);
            told(2, Event.GRANTED, 30, 2);
            told(2, Event.CLOSING, 40, 2);
            told(1, Event.CLOSING, 50, 1);
            broken(() -> checker().neverMoreInUseThan(1));
        }
    }

    @Nested
    class Admissions {

        @Test
        void mayFillAWindow() {
            admitted(0, 1, 2, SECOND + 1, SECOND + 2);
            assertThat(checker().neverAdmittedMoreThan(3, Duration.ofSeconds(1)))
                    .isEqualTo(3);
        }

        @Test
        void mayNotExceedItNotEvenAtItsVeryEnd() {
            admitted(0, 1, 2, SECOND);
            broken(() -> checker().neverAdmittedMoreThan(3, Duration.ofSeconds(1)));
        }

        @Test
        void withSlotsCountToo() {
            admitted(1, 2);
            granted("a", 3);
            broken(() -> checker().neverAdmittedMoreThan(2, Duration.ofSeconds(1)));
        }

        private void admitted(long... micros) {
            for (long at : micros) {
                occurrences.add(new Occurrence(1, Event.ADMITTED, 0, at, at, "-"));
            }
        }
    }

    @Nested
    class Order {

        @Test
        void isThatOfTheQueue() {
            queued("a", 1, 1);
            queued("b", 2, 2);
            queued("c", 3, 3);
            steps.add(new Dropped("b"));
            grantedFromQueue("a", 4);
            grantedFromQueue("c", 5);
            granted("d", 6);
            checker().grantedInQueueOrder();
        }

        @Test
        void isBrokenByAnOvertaker() {
            queued("a", 1, 1);
            queued("b", 2, 2);
            grantedFromQueue("b", 3);
            broken(() -> checker().grantedInQueueOrder());
        }

        @Test
        void isBrokenByAGrantPastTheQueue() {
            queued("a", 1, 1);
            granted("b", 2);
            told(1, Event.GRANTED, 10, 2);
            broken(() -> checker().grantedInQueueOrder());
        }

        @Test
        void isNotKnownForACallThatWasNotTold() {
            queued("a", 1, 1);
            granted("b", 2);
            checker().grantedInQueueOrder();
        }

        @Test
        void beginsAnewAfterALoss() {
            queued("a", 1, 1);
            queued("b", 2, 2);
            lost(3);
            queued("b", 2, 2);
            grantedFromQueue("b", 4);
            checker().grantedInQueueOrder();
        }

        @Test
        void outlivesARestartThatLosesNothing() {
            queued("a", 1, 1);
            queued("b", 2, 2);
            steps.add(new Restarted(3, 3, false, Map.of(), List.of(new Queued("a", 1, 1), new Queued("b", 2, 2))));
            grantedFromQueue("b", 4);
            broken(() -> checker().grantedInQueueOrder());
        }

        @Test
        void ofEqualScoresIsThatOfTheTickets() {
            queued("b", 2, 1);
            queued("a", 1, 1);
            grantedFromQueue("b", 3);
            broken(() -> checker().grantedInQueueOrder());
        }

        @Test
        void givesAHigherPriorityAHeadStart() {
            queued("a", 1, 1);
            queued("b", 2, 2 - SECOND);
            grantedFromQueue("b", 3);
            occurrences.add(new Occurrence(1, Event.GRANTED, 0, 0, 4, "1"));
            granted("c", 4);
            grantedFromQueue("a", 5);
            checker().grantedInQueueOrder();
        }

        @Test
        void givesAHigherPriorityNoMoreThanItsHeadStart() {
            queued("a", 1, 1);
            occurrences.add(new Occurrence(1, Event.GRANTED, 0, 0, SECOND + 2, "1"));
            granted("c", SECOND + 2);
            broken(() -> checker().grantedInQueueOrder());
        }
    }

    @Nested
    class Fences {

        @Test
        void mayNotStandStill() {
            granted("a", 7);
            granted("b", 7);
            broken(() -> checker().fencesGrow());
        }

        @Test
        void mayNotBeToldTwice() {
            granted("a", 7);
            told(1, Event.GRANTED, 1, 7);
            told(2, Event.GRANTED, 2, 7);
            broken(() -> checker().fencesGrow());
        }
    }

    @Nested
    class Slots {

        @Test
        void areConserved() {
            granted("a", 1);
            told(1, Event.GRANTED, 10, 1);
            told(1, Event.CLOSING, 11, 1);
            freed("a");
            checker().sound().undisturbed();
        }

        @Test
        void mayNotBeFreedTwice() {
            granted("a", 1);
            freed("a");
            freed("a");
            broken(() -> checker().conserved());
        }

        @Test
        void mayNotBeGrantedTwice() {
            granted("a", 1);
            granted("a", 2);
            broken(() -> checker().conserved());
        }

        @Test
        void mayNotBeRenewedOnceTheyAreFree() {
            granted("a", 1);
            freed("a");
            steps.add(new Renewed("a", 2));
            broken(() -> checker().conserved());
        }

        @Test
        void mayNotBeHadByACallThatRedisKnowsNothingOf() {
            told(1, Event.GRANTED, 10, 1);
            broken(() -> checker().conserved());
        }

        @Test
        void mayNotBeClosedByACallThatNeverHadThem() {
            granted("a", 1);
            told(1, Event.CLOSING, 10, 1);
            broken(() -> checker().conserved());
        }

        @Test
        void mayNotGetLostOnTheWay() {
            granted("a", 1);
            broken(() -> checker().everyGrantArrived());
        }

        @Test
        void mayNotBeTakenBackFromTheLiving() {
            granted("a", 1);
            steps.add(new Freed("a", false));
            broken(() -> checker().nothingTakenBack());
        }

        @Test
        void mayNotBeLost() {
            told(1, Event.LOST, 10, 1);
            broken(() -> checker().nothingTakenBack());
        }

        @Test
        void mayNotStayBehind() {
            granted("a", 1);
            broken(() -> checker().nothingLeft());
        }

        @Test
        void areFreeAtTheEndOfTheirLease() {
            granted("a", END - LEASE);
            checker().nothingLeft();
        }

        @Test
        void areNotFreeAtTheEndOfALeaseThatWasRenewed() {
            granted("a", END - LEASE);
            steps.add(new Renewed("a", END + 1));
            broken(() -> checker().nothingLeft());
        }

        @Test
        void mayBeGivenBackBeforeTheirCallIsTold() {
            granted("a", 1);
            freed("a");
            checker().everyGrantArrived();
        }

        @Test
        void mayNotLeaveTicketsBehind() {
            queued("a", 1, 1);
            broken(() -> checker().nothingLeft());
        }
    }

    @Nested
    class Refusals {

        @Test
        void takeNothing() {
            turnedAway("a");
            granted("b", 1);
            checker().refusalsTookNothing();
        }

        @Test
        void mayNotTakeASlot() {
            turnedAway("a");
            granted("a", 1);
            broken(() -> checker().refusalsTookNothing());
        }

        @Test
        void mayNotTakeAPlaceInTheQueue() {
            turnedAway("a");
            queued("a", 1, 1);
            broken(() -> checker().refusalsTookNothing());
        }

        private void turnedAway(String ticket) {
            occurrences.add(new Occurrence(1, Event.TURNED_AWAY, 0, 0, 0, ticket));
        }
    }

    @Nested
    class ALossOfState {

        @Test
        void allowsAsManyAgainAsAreInUse() {
            use("a", 1);
            lost(2);
            use("b", 3);
            assertThat(checker().neverMoreSlotsInUseThan(1)).isEqualTo(1);
        }

        @Test
        void allowsNoMoreThanThat() {
            use("a", 1);
            lost(2);
            use("b", 3);
            use("c", 4);
            broken(() -> checker().neverMoreSlotsInUseThan(1));
        }

        @Test
        void endsForAPermitThatIsPutBack() {
            use("a", 1);
            lost(2);
            steps.add(new PutBack("a", 1, LEASE, 1));
            use("b", 3);
            broken(() -> checker().neverMoreSlotsInUseThan(1));
        }

        @Test
        void isNoneIfRedisHasKeptWhatIsHeld() {
            use("a", 1);
            steps.add(new Restarted(2, 2, false, Map.of("a", new Lease(1, LEASE, 1)), List.of()));
            use("b", 3);
            broken(() -> checker().neverMoreSlotsInUseThan(1));
        }

        @Test
        void letsRatesBeginAnew() {
            admittedAndTold(1, 2);
            lost(3);
            admittedAndTold(4, 5);
            assertThat(checker().neverAdmittedMoreSinceALossThan(2, Duration.ofSeconds(1)))
                    .isEqualTo(2);
        }

        @Test
        void allowsNoMoreThanTheRateAgain() {
            admittedAndTold(1, 2);
            lost(3);
            admittedAndTold(4, 5, 6);
            broken(() -> checker().neverAdmittedMoreSinceALossThan(2, Duration.ofSeconds(1)));
        }

        @Test
        void hidesWhatNobodySawBeforeIt() {
            told(1, Event.GRANTED, 10, 2);
            steps.add(Restarted.empty(1, 3));
            checker().conserved();
        }

        @Test
        void hidesNothingElse() {
            told(1, Event.GRANTED, 10, 4);
            steps.add(Restarted.empty(1, 3));
            broken(() -> checker().conserved());
        }

        @Test
        void leavesNothingBehind() {
            granted("a", 1);
            queued("b", 2, 2);
            lost(3);
            checker().nothingLeft();
        }

        @Test
        void ofOneServerIsNoneOfAnother() {
            use("a", 1);
            use("b", 3);
            History history = new History(steps, List.of(Restarted.empty(2, 2)), occurrences, END);
            broken(() -> new HistoryChecker(history).neverMoreSlotsInUseThan(1));
        }

        @Test
        void countsTheRatesOfOneServerApart() {
            admittedAndTold(1, 2, 3, 4);
            steps.add(new Numbered(1, 1));
            steps.add(new Numbered(3, 3));
            assertThat(besideAnother(new Numbered(2, 2), new Numbered(4, 4))
                            .neverAdmittedMoreSinceALossThan(2, Duration.ofSeconds(1)))
                    .isEqualTo(2);
        }

        @Test
        void countsAllRatesOfOneServer() {
            admittedAndTold(1, 2, 3, 4);
            steps.add(new Numbered(1, 1));
            steps.add(new Numbered(3, 4));
            broken(() -> besideAnother(new Numbered(2, 2)).neverAdmittedMoreSinceALossThan(2, Duration.ofSeconds(1)));
        }

        @Test
        void toldToAReplicaLaterLetsRatesBeginAnewAllTheSame() {
            admittedAndTold(1, 3);
            steps.add(new Numbered(1, 1));
            lost(9);
            steps.add(new Numbered(3, 3));
            checkerOfReplica().neverAdmittedMoreSinceALossThan(1, Duration.ofSeconds(1));
        }

        @Test
        void toldToAReplicaLaterLetsNoMoreThanTheRateBeginAnew() {
            admittedAndTold(1, 3, 4);
            steps.add(new Numbered(1, 1));
            lost(9);
            steps.add(new Numbered(3, 3));
            steps.add(new Numbered(4, 4));
            broken(() -> checkerOfReplica().neverAdmittedMoreSinceALossThan(1, Duration.ofSeconds(1)));
        }

        private HistoryChecker checkerOfReplica() {
            return besideAnother(Restarted.empty(2, 2));
        }

        private HistoryChecker besideAnother(Step... elsewhere) {
            return new HistoryChecker(new History(steps, List.of(elsewhere), occurrences, END));
        }

        private void use(String ticket, long fence) {
            granted(ticket, fence);
            told(1, Event.GRANTED, 10 * fence, fence);
        }

        private void admittedAndTold(long... micros) {
            for (long at : micros) {
                occurrences.add(new Occurrence(1, Event.ADMITTED, 0, at, at, "-"));
                told(1, Event.GRANTED, 10 * at, at);
            }
        }
    }

    @Nested
    class Looks {

        @Test
        void endTheUseOfAPermitThatIsNotValidLater() {
            granted("a", 1);
            told(1, Event.GRANTED, 10, 1);
            told(1, Event.VALID, 20, 1);
            granted("b", 2);
            told(2, Event.GRANTED, 30, 2);
            told(1, Event.CLOSING_LATE, 40, 1);
            checker().neverMoreSlotsInUseThan(1);
        }

        @Test
        void proveThatItIsInUse() {
            granted("a", 1);
            told(1, Event.GRANTED, 10, 1);
            granted("b", 2);
            told(2, Event.GRANTED, 30, 2);
            told(1, Event.VALID, 35, 1);
            told(1, Event.CLOSING_LATE, 40, 1);
            broken(() -> checker().neverMoreSlotsInUseThan(1));
        }
    }

    @Nested
    class GrantsThatAreToldTooLate {

        @Test
        void areNotInUseMeanwhile() {
            granted("a", 1);
            told(1, Event.FROZEN, 5, 0);
            steps.add(new Freed("a", false));
            granted("b", 2);
            told(2, Event.GRANTED, 10, 2);
            told(1, Event.GRANTED, 30, 1);
            told(1, Event.CLOSING_LATE, 31, 1);
            told(2, Event.CLOSING, 40, 2);
            checker().neverMoreSlotsInUseThan(1);
            checker().neverMoreInUseThan(1);
        }

        @Test
        void areInUseIfTheyAreTakenForValid() {
            granted("a", 1);
            told(1, Event.FROZEN, 5, 0);
            steps.add(new Freed("a", false));
            granted("b", 2);
            told(2, Event.GRANTED, 10, 2);
            told(1, Event.GRANTED, 30, 1);
            told(1, Event.CLOSING, 31, 1);
            told(2, Event.CLOSING, 40, 2);
            broken(() -> checker().neverMoreSlotsInUseThan(1));
            broken(() -> checker().neverMoreInUseThan(1));
        }
    }

    @Test
    void anEmptyHistoryIsSound() {
        assertThatCode(() -> checker().sound().undisturbed()).doesNotThrowAnyException();
    }

    private HistoryChecker checker() {
        return new HistoryChecker(new History(this.steps, this.occurrences, END));
    }

    private static void broken(ThrowingCallable check) {
        assertThatExceptionOfType(AssertionError.class).isThrownBy(check);
    }

    private void granted(String ticket, long fence) {
        this.steps.add(new Granted(ticket, fence, fence, fence + LEASE, 1, false));
    }

    private void grantedFromQueue(String ticket, long fence) {
        this.steps.add(new Granted(ticket, fence, fence, fence + LEASE, 1, true));
    }

    private void queued(String ticket, long sequence, double score) {
        this.steps.add(new Queued(ticket, sequence, score));
    }

    private void lost(long micros) {
        this.steps.add(Restarted.empty(micros, micros));
    }

    private void freed(String ticket) {
        this.steps.add(new Freed(ticket, true));
    }

    private void told(int worker, Event event, long nanos, long fence) {
        this.occurrences.add(new Occurrence(worker, event, nanos, 0, fence, "0"));
    }
}
