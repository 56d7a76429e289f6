package io.ratelimit.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.backend.Reply.Refused;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * How every backend lets calls wait.
 */
abstract class WaitingContract extends RateAlgorithmContract {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private static final RateLimit TOKENS = new RateLimit("tokens", 9, SECOND, RateAlgorithm.SLIDING_WINDOW);

    @Nested
    class Order {

        private final Partition slot = partition(ONE_SLOT);

        private final Partition slots = partition(TWO_SLOTS);

        @Test
        void isThatOfArrivalAcrossInstances() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            queue(this.slot, "b:1", 1);
            queue(this.slot, "a:2", 1);
            assertThat(line(this.slot)).containsExactly("a:1", "b:1", "a:2");
            release(this.slot, permit);
            isTold("a", "granted a:1");
            release(this.slot, "a:1");
            isTold("b", "granted b:1");
            release(this.slot, "b:1");
            isTold("a", "granted a:1", "granted a:2");
            isTold("b", "granted b:1");
            assertThat(line(this.slot)).isEmpty();
            assertThat(used(this.slot)).containsExactly(1L);
        }

        @Test
        void isKeptByFencingTokens() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            queue(this.slot, "b:1", 1);
            release(this.slot, permit);
            long first = grantOf("a:1").fence();
            release(this.slot, "a:1");
            assertThat(grantOf("b:1").fence()).isGreaterThan(first);
        }

        @Test
        void ofTheAnswerNamesWhatIsInTheWay() {
            hold(this.slot, 1);
            Queued first = queue(this.slot, "a:1", 1);
            Queued second = queue(this.slot, "b:1", 1);
            assertThat(first.violated()).containsExactly(ONE_SLOT);
            assertThat(second.violated()).containsExactly(ONE_SLOT);
            assertThat(second.sequence()).isGreaterThan(first.sequence());
            assertThat(second.status().queued()).isEqualTo(2);
        }

        @Test
        void isNotPassedByNewcomers() {
            String permit = hold(this.slots, 1);
            hold(this.slots, 1);
            queue(this.slots, "a:1", 2);
            release(this.slots, permit);
            Refused refused = refuse(this.slots, 1);
            assertThat(refused.violated()).containsExactly(TWO_SLOTS);
            queue(this.slots, "b:1", 1);
            assertThat(line(this.slots)).containsExactly("a:1", "b:1");
            assertThat(used(this.slots)).containsExactly(1L);
        }

        @Test
        void isKeptForABigAmountThatSmallOnesWouldOvertake() {
            String one = hold(this.slots, 1);
            String other = hold(this.slots, 1);
            queue(this.slots, "a:1", 2);
            queue(this.slots, "b:1", 1);
            queue(this.slots, "b:2", 1);
            release(this.slots, one);
            assertThat(line(this.slots)).containsExactly("a:1", "b:1", "b:2");
            release(this.slots, other);
            isTold("a", "granted a:1");
            release(this.slots, "a:1");
            isTold("b", "granted b:1", "granted b:2");
        }

        @Test
        void isAllOrNothing() {
            Partition both = partition(THREE_A_SECOND, TWO_SLOTS);
            String permit = hold(both, 3, 2);
            queue(both, "a:1", 1, 2);
            release(both, permit);
            assertThat(used(both)).containsExactly(3L, 0L);
            assertThat(line(both)).containsExactly("a:1");
            clock.move(1_000_001);
            look(both);
            isTold("a", "turn a:1 in PT1.000001S", "granted a:1");
            assertThat(used(both)).containsExactly(1L, 2L);
        }

        @Test
        void isLeftAsItWasByARetriedCall() {
            hold(this.slot, 1);
            Queued first = queue(this.slot, "a:1", 1);
            queue(this.slot, "b:1", 1);
            clock.advance(SECOND);
            assertThat(queue(this.slot, "a:1", 1).sequence()).isEqualTo(first.sequence());
            assertThat(queued(execute(this.slot, new Acquire("a:1", List.of(1L))))
                            .sequence())
                    .isEqualTo(first.sequence());
            assertThat(line(this.slot)).containsExactly("a:1", "b:1");
        }

        @Test
        void answersARetriedCallOfOneThatWasGrantedMeanwhile() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            release(this.slot, permit);
            Granted told = grantOf("a:1");
            Granted again = granted(execute(this.slot, waiting("a:1", MINUTE, 0, 1)));
            assertThat(again.fence()).isEqualTo(told.fence());
            assertThat(used(this.slot)).containsExactly(1L);
        }

        @Test
        void holdsForKeysSeparately() {
            Partition other = new Partition("resource", "other", List.of(ONE_SLOT), 1, LEASE);
            hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            hold(other, 1);
            assertThat(line(other)).isEmpty();
        }
    }

    @Nested
    class RefusalAtOnce {

        private final Partition slot = partition(ONE_SLOT);

        private final Partition rate = partition(THREE_A_SECOND);

        @Test
        void meetsWhoMustNotWait() {
            hold(this.slot, 1);
            refuse(this.slot, 1);
            assertThat(line(this.slot)).isEmpty();
        }

        @Test
        void meetsWhoWouldNotWaitUntilARateOpens() {
            grant(this.rate, 3);
            Refused refused = refused(execute(this.rate, waiting("a:1", SECOND, 0, 1)));
            assertThat(refused.violated()).containsExactly(THREE_A_SECOND);
            assertThat(refused.retryAfter()).isEqualTo(SECOND.plusNanos(1_000));
            queued(execute(this.rate, waiting("a:1", SECOND.plusNanos(1_000), 0, 1)));
        }

        @Test
        void doesNotMeetWhoIsBehindOthersWhoMayLeave() {
            grant(this.rate, 3);
            queue(this.rate, "a:1", 1);
            queued(execute(this.rate, waiting("a:2", Duration.ofMillis(1), 0, 1)));
        }

        @Test
        void doesNotMeetWhoWaitsForSlotsForShorterThanTheEstimate() {
            hold(this.slot, 1);
            queued(execute(this.slot, waiting("a:1", Duration.ofMillis(1), 0, 1)));
        }

        @Test
        void meetsAnAmountAboveTheCapacity() {
            hold(this.slot, 1);
            assertThatThrownBy(() -> execute(this.slot, waiting("a:1", MINUTE, 0, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("The amount 2 is above the capacity 1 of the limit 'default'");
            assertThat(line(this.slot)).isEmpty();
        }

        @Test
        void behindAQueueCountsThoseAheadAtTheMeanHold() {
            String permit = hold(this.slot, 1);
            clock.advance(Duration.ofMillis(80));
            release(this.slot, permit);
            hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            queue(this.slot, "a:2", 1);
            assertThat(refuse(this.slot, 1).retryAfter()).isEqualTo(Duration.ofMillis(80 + 2 * 80));
        }

        @Test
        void behindAQueueNamesTheLimitsOfTheHead() {
            Partition both = partition(TOKENS, ONE_SLOT);
            hold(both, 0, 1);
            queue(both, "a:1", 0, 1);
            Refused refused = refuse(both, 1, 0);
            assertThat(refused.violated()).containsExactly(ONE_SLOT);
            assertThat(refused.retryAfter()).isEqualTo(SECOND);
        }
    }

    @Nested
    class TheQueueGoesOn {

        private final Partition slot = partition(ONE_SLOT);

        private final Partition slots = partition(TWO_SLOTS);

        @Test
        void asFarAsAReleaseReaches() {
            String permit = hold(this.slots, 2);
            queue(this.slots, "a:1", 1);
            queue(this.slots, "b:1", 1);
            queue(this.slots, "a:2", 1);
            Reply.Done done = release(this.slots, permit);
            assertThat(done.status().queued()).isEqualTo(1);
            assertThat(done.status().limits().get(0).used()).isEqualTo(2);
            isTold("a", "granted a:1");
            isTold("b", "granted b:1");
        }

        @Test
        void whenAPermitIsCancelled() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            execute(this.slot, new Cancel(permit, List.of(1L), 0));
            isTold("a", "granted a:1");
        }

        @Test
        void whenTheHeadIsCancelled() {
            hold(this.slots, 1);
            queue(this.slots, "a:1", 2);
            queue(this.slots, "b:1", 1);
            execute(this.slots, new Cancel("a:1", List.of(2L), 0));
            isTold("b", "granted b:1");
        }

        @Test
        void whenTheHeadWithdraws() {
            hold(this.slots, 1);
            queue(this.slots, "a:1", 2);
            queue(this.slots, "b:1", 1);
            refused(execute(this.slots, new Withdraw("a:1", List.of(2L))));
            isTold("b", "granted b:1");
        }

        @Test
        void whenTheLeaseOfAHolderIsOver() {
            hold(this.slot, 1);
            clock.advance(Duration.ofSeconds(5));
            queue(this.slot, "b:1", 1);
            clock.advance(Duration.ofSeconds(5).minusNanos(1_000));
            look(this.slot);
            assertThat(line(this.slot)).containsExactly("b:1");
            clock.move(1);
            assertThat(look(this.slot).status().reclaimed()).isEqualTo(1);
            isTold("b", "granted b:1");
        }

        @Test
        void whenAnybodyAsksOnceARateIsOpen() {
            Partition rate = partition(THREE_A_SECOND);
            grant(rate, 3);
            queue(rate, "a:1", 1);
            clock.move(1_000_001);
            Granted granted = granted(execute(rate, waiting("a:1", MINUTE, 0, 1)));
            assertThat(granted.leaseMicros()).isZero();
            assertThat(used(rate)).containsExactly(1L);
        }

        @Test
        void beforeANewcomerIsServed() {
            Partition rate = partition(THREE_A_SECOND);
            grant(rate, 3);
            queue(rate, "a:1", 3);
            clock.move(1_000_001);
            refuse(rate, 1);
            assertThat(grantOf("a:1").status().queued()).isZero();
        }

        @Test
        void whenALimitIsRaised() {
            Partition raised = new Partition("resource", null, List.of(TWO_SLOTS), 2, LEASE);
            hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            look(raised);
            isTold("a", "granted a:1");
        }

        @Test
        void onlyOnceTheHoldersFitALoweredLimit() {
            Partition three = new Partition("resource", null, List.of(ConcurrencyLimit.of(3)), 10, LEASE);
            Partition one = new Partition("resource", null, List.of(ONE_SLOT), 20, LEASE);
            List<String> permits = List.of(hold(three, 1), hold(three, 1), hold(three, 1));
            queue(three, "a:1", 1);
            look(one);
            release(three, permits.get(0));
            release(three, permits.get(1));
            assertThat(line(one)).containsExactly("a:1");
            release(three, permits.get(2));
            isTold("a", "granted a:1");
        }

        @Test
        void pastAnAmountAboveALoweredCapacity() {
            Partition one = new Partition("resource", null, List.of(ONE_SLOT), 20, LEASE);
            String permit = hold(this.slots, 2);
            queue(this.slots, "a:1", 2);
            queue(this.slots, "b:1", 1);
            look(one);
            assertThat(line(one)).containsExactly("b:1");
            release(one, permit);
            isTold("b", "granted b:1");
            isTold("a");
        }

        @Test
        void pastATicketWhoseTimeIsUp() {
            String permit = hold(this.slot, 1);
            queued(execute(this.slot, waiting("a:1", SECOND, 0, 1)));
            queue(this.slot, "b:1", 1);
            clock.advance(SECOND.minusNanos(1_000));
            assertThat(line(this.slot)).containsExactly("a:1", "b:1");
            clock.move(1);
            release(this.slot, permit);
            isTold("b", "granted b:1");
            isTold("a");
        }

        @Test
        void pastTheTicketsOfAnInstanceThatGivesNoSignOfLife() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "b:1", 1);
            queue(this.slot, "b:2", 1);
            Queued last = queue(this.slot, "a:1", 1);
            clock.advance(Duration.ofSeconds(9));
            renew(this.slot, held(permit, 1, 1));
            renew(this.slot, waiter("a:1", last.sequence(), 1));
            clock.advance(SECOND);
            release(this.slot, permit);
            isTold("a", "granted a:1");
            isTold("b");
        }

        @Test
        void pastTenThousandDeadTicketsAFewInEachCall() {
            String permit = hold(this.slot, 1);
            queueThatDieInASecond(this.slot, 10_000);
            queue(this.slot, "a:last", 1);
            clock.advance(SECOND);
            assertThat(release(this.slot, permit).status().queued()).isEqualTo(10_001 - 64);
            isTold("a", "granted a:last");
            assertThat(line(this.slot)).isEmpty();
        }

        @Test
        void pastTenThousandDeadTicketsBehindALiveOne() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:first", 1);
            queueThatDieInASecond(this.slot, 10_000);
            queue(this.slot, "a:last", 1);
            clock.advance(SECOND);
            assertThat(release(this.slot, permit).status().queued()).isEqualTo(10_002 - 64);
            isTold("a", "granted a:first");
            eventually(() -> assertThat(line(this.slot)).containsExactly("a:last"));
            release(this.slot, "a:first");
            isTold("a", "granted a:first", "granted a:last");
        }

        private void queueThatDieInASecond(Partition partition, int count) {
            List<CompletableFuture<Decision>> decisions = IntStream.range(0, count)
                    .mapToObj((i) -> submit(partition, waiting("a:" + i, SECOND, 0, 1)))
                    .toList();
            decisions.forEach(CompletableFuture::join);
        }

        @Test
        void throughAllWhomTheEndOfManyLeasesMakesRoomFor() {
            Partition many = partition(ConcurrencyLimit.of(200));
            for (int i = 0; i < 200; i++) {
                hold(many, 1);
            }
            clock.advance(Duration.ofSeconds(5));
            for (int i = 0; i < 200; i++) {
                queue(many, "a:" + i, 1);
            }
            clock.advance(Duration.ofSeconds(5));
            assertThat(look(many).status().reclaimed()).isEqualTo(64);
            isTold(
                    "a",
                    IntStream.range(0, 200).mapToObj((i) -> "granted a:" + i).toArray(String[]::new));
        }

        @Test
        void byTheTimeThatTheStatusTells() {
            Reply.Status free = grant(this.slot, 1).status();
            assertThat(free.wakeMicros()).isZero();
            clock.advance(Duration.ofSeconds(4));
            assertThat(queue(this.slot, "b:1", 1).status().wakeMicros()).isEqualTo(6_000_000);
            clock.advance(Duration.ofSeconds(6));
            look(this.slot);
            isTold("b", "granted b:1");
        }

        @Test
        void byTheTimeThatAnInstanceMayBeDead() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "b:1", 1);
            clock.advance(Duration.ofSeconds(4));
            renew(this.slot, held(permit, 1, 1));
            Queued last = queue(this.slot, "a:1", 1);
            assertThat(last.status().wakeMicros()).isEqualTo(6_000_000);
            clock.advance(Duration.ofSeconds(6));
            Reply.Status after = look(this.slot).status();
            assertThat(after.queued()).isEqualTo(1);
            assertThat(after.wakeMicros()).isEqualTo(4_000_000);
        }
    }

    @Nested
    class Notices {

        private final Partition slot = partition(ONE_SLOT);

        private final Partition rate = partition(THREE_A_SECOND);

        @Test
        void tellWhatWasGranted() {
            Partition held = partition(TOKENS, new ConcurrencyLimit("default", 1, LEASE, Duration.ofSeconds(25)));
            String permit = hold(held, 4, 1);
            queue(held, "a:1", 2, 1);
            clock.advance(Duration.ofMillis(300));
            release(held, permit);
            Granted grant = grantOf("a:1");
            assertThat(grant.grantedAtMicros()).isEqualTo(clock.getAsLong());
            assertThat(grant.fence()).isGreaterThanOrEqualTo(grant.grantedAtMicros());
            // as long as the sign of life that came with the ticket counts: a holder and a head that die together cost
            // one lease
            assertThat(grant.leaseMicros()).isEqualTo(9_700_000);
            assertThat(grant.holdMicros()).isEqualTo(25_000_000);
        }

        @Test
        void tellHowThePartitionStands() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "b:1", 1);
            queue(this.slot, "a:1", 1);
            Reply.Status done = release(this.slot, permit).status();
            assertThat(grantOf("b:1").status()).isEqualTo(done);
            assertThat(done.queued()).isEqualTo(1);
        }

        @Test
        void leaveItToTheReplyToTellWhatWasTakenBack() {
            hold(this.slot, 1);
            clock.advance(Duration.ofSeconds(5));
            queue(this.slot, "b:1", 1);
            clock.advance(Duration.ofSeconds(5));
            look(this.slot);
            assertThat(grantOf("b:1").status().reclaimed()).isZero();
        }

        @Test
        void goToNobodyWhereNobodyListens() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "c:1", 1);
            queue(this.slot, "a:1", 1);
            release(this.slot, permit);
            release(this.slot, "c:1");
            isTold("a", "granted a:1");
        }

        @Test
        void tellTheHeadWhenARateWillBeOpen() {
            grant(this.rate, 3);
            clock.advance(Duration.ofMillis(400));
            queue(this.rate, "a:1", 1);
            isTold("a", "turn a:1 in PT0.600001S");
        }

        @Test
        void tellTheNextHeadToo() {
            grant(this.rate, 3);
            queue(this.rate, "a:1", 3);
            queue(this.rate, "b:1", 1);
            clock.move(1_000_001);
            look(this.rate);
            isTold("a", "turn a:1 in PT1.000001S", "granted a:1");
            isTold("b", "turn b:1 in PT1.000001S");
        }

        @Test
        void tellTheHeadOfATurnOnce() {
            grant(this.rate, 3);
            queue(this.rate, "a:1", 1);
            clock.advance(Duration.ofMillis(200));
            line(this.rate);
            queue(this.rate, "b:1", 1);
            clock.move(800_001);
            look(this.rate);
            isTold("a", "turn a:1 in PT1.000001S", "granted a:1");
        }

        @Test
        void tellTheHeadOfATurnWithEverySignOfLife() {
            grant(this.rate, 3);
            Queued waiting = queue(this.rate, "a:1", 1);
            clock.advance(Duration.ofMillis(200));
            renew(this.rate, waiter("a:1", waiting.sequence(), 1));
            clock.advance(Duration.ofMillis(200));
            look(this.rate);
            isTold("a", "turn a:1 in PT1.000001S", "turn a:1 in PT0.800001S", "turn a:1 in PT0.600001S");
        }

        @Test
        void tellTheHeadAgainOfATurnThatComesSooner() {
            grant(this.rate, 2);
            clock.advance(Duration.ofMillis(400));
            Granted later = grant(this.rate, 1);
            queue(this.rate, "a:1", 3);
            execute(this.rate, new Cancel("a:later", List.of(1L), later.grantedAtMicros()));
            isTold("a", "turn a:1 in PT1.000001S", "turn a:1 in PT0.600001S");
        }

        @Test
        void tellTheHeadOfNoTurnWhileSlotsAreInItsWay() {
            Partition both = partition(THREE_A_SECOND, ONE_SLOT);
            String permit = hold(both, 3, 1);
            queue(both, "a:1", 1, 1);
            clock.advance(Duration.ofMillis(400));
            release(both, permit);
            isTold("a", "turn a:1 in PT0.600001S");
        }

        @Test
        void tellTheHeadAnewWhenTheLimitsChange() {
            Partition slower =
                    new Partition("resource", null, List.of(RateLimit.of(3, Duration.ofSeconds(2))), 2, LEASE);
            grant(this.rate, 3);
            queue(this.rate, "a:1", 1);
            look(slower);
            isTold("a", "turn a:1 in PT1.000001S", "turn a:1 in PT2.000001S");
        }
    }

    @Nested
    class Priorities {

        private final Partition slot = partition(ONE_SLOT);

        @Test
        void putAheadOfThoseOfLess() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            queued(execute(this.slot, waiting("a:low", MINUTE, -1, 1)));
            queued(execute(this.slot, waiting("b:high", MINUTE, 1, 1)));
            queued(execute(this.slot, waiting("b:highest", MINUTE, 100, 1)));
            queue(this.slot, "a:2", 1);
            assertThat(line(this.slot)).containsExactly("b:highest", "b:high", "a:1", "a:2", "a:low");
            release(this.slot, permit);
            isTold("b", "granted b:highest");
        }

        @Test
        void letWhoComesFirstBeGrantedAtOnce() {
            Partition slots = partition(TWO_SLOTS);
            hold(slots, 1);
            queued(execute(slots, waiting("a:low", MINUTE, -1, 2)));
            granted(execute(slots, waiting("b:1", MINUTE, 0, 1)));
        }

        @Test
        void areNotForThoseWhoDoNotWait() {
            Partition slots = partition(TWO_SLOTS);
            hold(slots, 1);
            queued(execute(slots, waiting("a:low", MINUTE, -100, 2)));
            assertThat(refuse(slots, 1).violated()).containsExactly(TWO_SLOTS);
            assertThat(line(slots)).containsExactly("a:low");
        }

        @Test
        void areWorthASecondOfWaitingPerLevel() {
            hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            clock.move(3_000_000);
            queued(execute(this.slot, waiting("b:before", MINUTE, 3, 1)));
            clock.move(2);
            queued(execute(this.slot, waiting("b:behind", MINUTE, 3, 1)));
            assertThat(line(this.slot)).containsExactly("b:before", "a:1", "b:behind");
        }

        @Test
        void starveNobody() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:low", 1);
            int served = 0;
            while (line(this.slot).contains("a:low")) {
                String next = "b:" + served++;
                queued(execute(this.slot, waiting(next, MINUTE, 5, 1)));
                clock.advance(Duration.ofMillis(500));
                release(this.slot, permit);
                permit = next;
            }
            assertThat(served).isBetween(9, 12);
            isTold("a", "granted a:low");
        }

        @Test
        void letANewcomerBeGrantedAheadOfAHeadThatDoesNotFit() {
            Partition slots = partition(TWO_SLOTS);
            hold(slots, 1);
            queue(slots, "a:1", 2);
            granted(execute(slots, waiting("b:1", MINUTE, 1, 1)));
            assertThat(line(slots)).containsExactly("a:1");
        }

        @Test
        void areShown() {
            hold(this.slot, 1);
            queued(execute(this.slot, waiting("b:1", MINUTE, -7, 1)));
            clock.advance(Duration.ofMillis(250));
            queued(execute(this.slot, waiting("a:1", MINUTE, 100, 1)));
            clock.advance(Duration.ofMillis(250));
            Reply.Inspected seen = execute(this.slot, new Inspect(10));
            assertThat(seen.waiters())
                    .containsExactly(
                            new Reply.Waiter("a:1", List.of(1L), 100, 250_000),
                            new Reply.Waiter("b:1", List.of(1L), -7, 499_999));
            assertThat(execute(this.slot, new Inspect(1)).waiters()).hasSize(1);
            assertThat(seen.status().queued()).isEqualTo(2);
        }
    }

    @Nested
    class AFullQueue {

        private final Partition slot = partition(ONE_SLOT);

        @Test
        void takesNobody() {
            hold(this.slot, 1);
            queued(execute(this.slot, waitingAmong(2, "a:1", MINUTE, 1)));
            queued(execute(this.slot, waitingAmong(2, "b:1", MINUTE, 1)));
            Refused refused = refused(execute(this.slot, waitingAmong(2, "a:2", MINUTE, 1)));
            assertThat(refused.violated()).containsExactly(ONE_SLOT);
            assertThat(line(this.slot)).containsExactly("a:1", "b:1");
        }

        @Test
        void ofNoPlacesTakesNobodyEither() {
            hold(this.slot, 1);
            refused(execute(this.slot, waitingAmong(0, "a:1", MINUTE, 1)));
            assertThat(line(this.slot)).isEmpty();
        }

        @Test
        void stillAnswersThoseWhoWait() {
            hold(this.slot, 1);
            queued(execute(this.slot, waitingAmong(1, "a:1", MINUTE, 1)));
            queued(execute(this.slot, waitingAmong(1, "a:1", MINUTE, 1)));
        }

        @Test
        void dropsTheDeadBehindALiveHead() {
            hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            queued(execute(this.slot, waitingAmong(3, "b:1", SECOND, 1)));
            queued(execute(this.slot, waitingAmong(3, "b:2", SECOND, 1)));
            refused(execute(this.slot, waitingAmong(3, "a:2", MINUTE, 1)));
            clock.advance(SECOND);
            queued(execute(this.slot, waitingAmong(3, "a:3", MINUTE, 1)));
            assertThat(line(this.slot)).containsExactly("a:1", "a:3");
        }

        @Test
        void looksAtSixtyFourTicketsInACallAndGoesOnFromThere() {
            hold(this.slot, 1);
            for (int i = 0; i < 64; i++) {
                queue(this.slot, "a:" + i, 1);
            }
            for (int i = 0; i < 10; i++) {
                queued(execute(this.slot, waiting("b:" + i, SECOND, 0, 1)));
            }
            clock.advance(SECOND);
            refused(execute(this.slot, waitingAmong(74, "a:first", MINUTE, 1)));
            queued(execute(this.slot, waitingAmong(74, "a:second", MINUTE, 1)));
            assertThat(look(this.slot).status().queued()).isEqualTo(65);
            refused(execute(this.slot, waitingAmong(65, "a:third", MINUTE, 1)));
        }
    }

    @Nested
    class RenewedTickets {

        private final Partition slot = partition(ONE_SLOT);

        private final Partition lost = new Partition("resource", "lost", List.of(ONE_SLOT), 1, LEASE);

        @Test
        void keepTheirPlaces() {
            hold(this.slot, 1);
            Queued first = queue(this.slot, "a:1", 1);
            queue(this.slot, "b:1", 1);
            Queued answer = queued(renew(this.slot, waiter("a:1", first.sequence(), 1)));
            assertThat(answer.sequence()).isEqualTo(first.sequence());
            assertThat(answer.violated()).isEmpty();
            assertThat(line(this.slot)).containsExactly("a:1", "b:1");
        }

        @Test
        void keepTheirInstanceAlive() {
            String permit = hold(this.slot, 1);
            Queued waiting = queue(this.slot, "b:1", 1);
            for (int i = 0; i < 5; i++) {
                clock.advance(Duration.ofSeconds(9));
                renew(this.slot, held(permit, 1, 1));
                queued(renew(this.slot, waiter("b:1", waiting.sequence(), 1)));
            }
            release(this.slot, permit);
            isTold("b", "granted b:1");
        }

        @Test
        void keepTheirDeadlines() {
            hold(this.slot, 1);
            Queued waiting = queued(execute(this.slot, waiting("b:1", Duration.ofSeconds(2), 0, 1)));
            clock.advance(SECOND);
            queued(renew(this.slot, waiter("b:1", waiting.sequence(), 1)));
            clock.advance(SECOND);
            assertThat(line(this.slot)).isEmpty();
        }

        @Test
        void learnOfAGrantThatTheyMissed() {
            String permit = hold(this.slot, 1);
            Queued waiting = queue(this.slot, "a:1", 1);
            release(this.slot, permit);
            clock.advance(Duration.ofSeconds(3));
            Granted missed = granted(renew(this.slot, waiter("a:1", waiting.sequence(), 1)));
            Granted told = grantOf("a:1");
            assertThat(missed.fence()).isEqualTo(told.fence());
            assertThat(missed.grantedAtMicros()).isEqualTo(told.grantedAtMicros());
            assertThat(missed.leaseMicros()).isEqualTo(10_000_000);
        }

        @Test
        void areGrantedInTheSameCallWhereTheyCanBe() {
            hold(this.slot, 1);
            Queued waiting = queue(this.slot, "a:1", 1);
            queued(renew(this.lost, waiter("a:1", waiting.sequence(), 1)));
            isTold("a", "granted a:1");
            assertThat(used(this.lost)).containsExactly(1L);
        }

        @Test
        void queueAgainAtTheirOldPlacesWhereTheStateWasLost() {
            hold(this.slot, 1);
            long first = queue(this.slot, "a:1", 1).sequence();
            long second = queue(this.slot, "b:1", 1).sequence();
            long third = queue(this.slot, "a:2", 1).sequence();
            clock.advance(SECOND);
            String permit = hold(this.lost, 1);
            queue(this.lost, "b:new", 1);
            assertThat(queued(renew(this.lost, waiter("b:1", second, 1))).sequence())
                    .isEqualTo(second);
            Renew both = new Renew(List.of(), List.of(waiter("a:2", third, 1), waiter("a:1", first, 1)));
            assertThat(execute(this.lost, both).tickets()).hasSize(2).allMatch(Queued.class::isInstance);
            assertThat(line(this.lost)).containsExactly("a:1", "b:1", "a:2", "b:new");
            release(this.lost, permit);
            isTold("a", "granted a:1");
        }

        @Test
        void queueAgainWithTheirPriorities() {
            hold(this.lost, 1);
            queue(this.lost, "a:1", 1);
            WaitingTicket high = new WaitingTicket("b:1", List.of(1L), clock.getAsLong() + 500_000, 1, 60_000_000);
            queued(renew(this.lost, high));
            assertThat(line(this.lost)).containsExactly("b:1", "a:1");
        }

        @Test
        void queueAgainAlthoughTheQueueIsFull() {
            hold(this.lost, 1);
            queued(execute(this.lost, waitingAmong(1, "a:1", MINUTE, 1)));
            queued(renew(this.lost, waiter("b:1", clock.getAsLong(), 1)));
            assertThat(line(this.lost)).hasSize(2);
        }

        @Test
        void keepNumbersGrowing() {
            hold(this.lost, 1);
            long sequence = clock.getAsLong() + 1_000_000_000;
            queued(renew(this.lost, waiter("a:1", sequence, 1)));
            assertThat(queue(this.lost, "a:2", 1).sequence()).isGreaterThan(sequence);
        }

        @Test
        void areRefusedOnceTheirTimeIsUp() {
            WaitingTicket late = new WaitingTicket("a:1", List.of(1L), clock.getAsLong(), 0, 0);
            Refused refused = refused(renew(this.lost, late));
            assertThat(refused.violated()).isEmpty();
            assertThat(refused.retryAfter()).isZero();
        }

        @Test
        void areRefusedAboveTheCapacity() {
            Refused refused = refused(renew(this.lost, waiter("a:1", clock.getAsLong(), 2)));
            assertThat(refused.violated()).containsExactly(ONE_SLOT);
            assertThat(refused.retryAfter()).isZero();
        }

        @Test
        void areRefusedOnceCancelled() {
            hold(this.slot, 1);
            Queued waiting = queue(this.slot, "a:1", 1);
            execute(this.slot, new Cancel("a:1", List.of(1L), 0));
            refused(renew(this.slot, waiter("a:1", waiting.sequence(), 1)));
            assertThat(line(this.slot)).isEmpty();
        }

        @Test
        void areAnsweredEachForItself() {
            String permit = hold(this.slot, 1);
            Queued first = queue(this.slot, "a:1", 1);
            Queued second = queue(this.slot, "a:2", 1);
            release(this.slot, permit);
            Renew renew = new Renew(
                    List.of(),
                    List.of(
                            waiter("a:2", second.sequence(), 1),
                            waiter("a:3", 1, 2),
                            waiter("a:1", first.sequence(), 1)));
            Reply.Renewed renewed = execute(this.slot, renew);
            assertThat(renewed.tickets().get(0)).isInstanceOf(Queued.class);
            assertThat(renewed.tickets().get(1)).isInstanceOf(Refused.class);
            assertThat(renewed.tickets().get(2)).isInstanceOf(Granted.class);
        }

        @Test
        void areNotGrantedTwiceWhereTheirPermitIsReleased() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            queue(this.slot, "b:1", 1);
            release(this.slot, "a:1");
            assertThat(line(this.slot)).containsExactly("b:1");
            release(this.slot, permit);
            isTold("b", "granted b:1");
            isTold("a");
        }

        @Test
        void areNotGrantedTwiceWhereTheirPermitIsPutBack() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            assertThat(renew(this.slot, held("a:1", 5_000_000, 1))).isEqualTo(10_000_000);
            assertThat(line(this.slot)).isEmpty();
            release(this.slot, permit);
            release(this.slot, "a:1");
            assertThat(used(this.slot)).containsExactly(0L);
        }
    }

    @Nested
    class Withdrawal {

        private final Partition slot = partition(ONE_SLOT);

        @Test
        void leavesTheQueueAndSaysWhatIsInTheWay() {
            hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            Refused refused = refused(execute(this.slot, new Withdraw("a:1", List.of(1L))));
            assertThat(refused.violated()).containsExactly(ONE_SLOT);
            assertThat(refused.retryAfter()).isEqualTo(SECOND);
            assertThat(line(this.slot)).isEmpty();
        }

        @Test
        void takesAGrantThatCameMeanwhile() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            release(this.slot, permit);
            Granted granted = granted(execute(this.slot, new Withdraw("a:1", List.of(1L))));
            assertThat(granted.fence()).isEqualTo(grantOf("a:1").fence());
            assertThat(used(this.slot)).containsExactly(1L);
        }

        @Test
        void ofOneThatIsNotKnownMayFindNothingInTheWay() {
            Refused refused = refused(execute(this.slot, new Withdraw("a:1", List.of(1L))));
            assertThat(refused.violated()).isEmpty();
            assertThat(refused.retryAfter()).isZero();
        }

        @Test
        void ofOneThatWasCancelledIsRefused() {
            hold(this.slot, 1);
            execute(this.slot, new Cancel("a:1", List.of(1L), 0));
            Refused refused = refused(execute(this.slot, new Withdraw("a:1", List.of(1L))));
            assertThat(refused.violated()).isEmpty();
        }

        @Test
        void doesNotKeepTheTicketFromComingAgain() {
            String permit = hold(this.slot, 1);
            queue(this.slot, "a:1", 1);
            execute(this.slot, new Withdraw("a:1", List.of(1L)));
            release(this.slot, permit);
            granted(execute(this.slot, new Acquire("a:1", List.of(1L))));
        }
    }

    @Nested
    class Cancellation {

        private final Partition both = partition(THREE_A_SECOND, ONE_SLOT);

        @Test
        void ofATicketThatWaitsRefundsNothing() {
            hold(this.both, 2, 1);
            queue(this.both, "a:1", 1, 1);
            execute(this.both, new Cancel("a:1", List.of(1L, 1L), clock.getAsLong()));
            assertThat(line(this.both)).isEmpty();
            assertThat(used(this.both)).containsExactly(2L, 1L);
        }

        @Test
        void ofATicketThatWaitsRefusesItsCallIfThatComesLate() {
            hold(this.both, 1, 1);
            queue(this.both, "a:1", 1, 1);
            execute(this.both, new Cancel("a:1", List.of(1L, 1L), 0));
            refused(execute(this.both, waiting("a:1", MINUTE, 0, 1, 1)));
            assertThat(line(this.both)).isEmpty();
        }

        @Test
        void ofAGrantThatNobodyHeardOfGivesAllBackToTheNext() {
            String permit = hold(this.both, 2, 1);
            queue(this.both, "a:1", 1, 1);
            queue(this.both, "b:1", 1, 1);
            release(this.both, permit);
            execute(this.both, new Cancel("a:1", List.of(1L, 1L), 0));
            isTold("b", "granted b:1");
            assertThat(used(this.both)).containsExactly(3L, 1L);
        }
    }

    @Nested
    class GrantsOfRatesAlone {

        private final Partition rate = partition(THREE_A_SECOND);

        private long sequence;

        private void grantFromQueue() {
            grant(this.rate, 3);
            this.sequence = queue(this.rate, "a:1", 2).sequence();
            clock.move(1_000_001);
            look(this.rate);
        }

        @Test
        void holdNoLease() {
            grantFromQueue();
            Granted told = grantOf("a:1");
            assertThat(told.leaseMicros()).isZero();
            assertThat(told.holdMicros()).isZero();
        }

        @Test
        void areRecordedUntilTheirCallerHasThem() {
            grantFromQueue();
            assertThat(holders(this.rate)).isEqualTo(1);
            Granted again = granted(renew(this.rate, waiter("a:1", this.sequence, 2)));
            assertThat(again.fence()).isEqualTo(grantOf("a:1").fence());
            assertThat(again.leaseMicros()).isZero();
            release(this.rate, "a:1");
            assertThat(holders(this.rate)).isZero();
            assertThat(used(this.rate)).containsExactly(2L);
        }

        @Test
        void areForgottenAfterALeaseIfNobodyHasThem() {
            grantFromQueue();
            clock.advance(LEASE);
            assertThat(holders(this.rate)).isZero();
        }

        @Test
        void areRefundedIfTheyAreCancelled() {
            grantFromQueue();
            clock.advance(Duration.ofMillis(100));
            execute(this.rate, new Cancel("a:1", List.of(2L), 0));
            assertThat(used(this.rate)).containsExactly(0L);
        }

        @Test
        void doNotTeachHowLongSlotsAreHeld() {
            Partition both = partition(THREE_A_SECOND, ONE_SLOT);
            grant(both, 3, 0);
            queue(both, "a:1", 1, 0);
            clock.move(1_000_001);
            look(both);
            clock.advance(Duration.ofSeconds(3));
            release(both, "a:1");
            grant(both, 0, 1);
            assertThat(refuse(both, 0, 1).retryAfter()).isEqualTo(SECOND);
        }
    }

    @Nested
    class NewDefinitions {

        @Test
        void areReadByTheTicketsThatWait() {
            Partition before = new Partition("resource", null, List.of(TOKENS, ONE_SLOT), 10, LEASE);
            Partition after = new Partition("resource", null, List.of(THREE_A_SECOND, TOKENS, ONE_SLOT), 20, LEASE);
            hold(before, 0, 1);
            queue(before, "a:1", 4, 1);
            queue(before, "b:1", 0, 1);
            List<Reply.Waiter> waiters = execute(after, new Inspect(10)).waiters();
            assertThat(waiters)
                    .extracting(Reply.Waiter::amounts)
                    .containsExactly(List.of(1L, 4L, 1L), List.of(0L, 0L, 1L));
        }

        @Test
        void keepTheOrder() {
            Partition before = new Partition("resource", null, List.of(ConcurrencyLimit.of(3)), 10, LEASE);
            Partition after = new Partition("resource", null, List.of(TWO_SLOTS), 20, LEASE);
            List<String> permits = new ArrayList<>(List.of(hold(before, 1), hold(before, 2)));
            queue(before, "a:1", 1);
            queued(execute(before, waiting("b:1", MINUTE, 1, 1)));
            queue(before, "a:2", 1);
            assertThat(line(after)).containsExactly("b:1", "a:1", "a:2");
            permits.forEach((permit) -> execute(after, new Release(permit)));
            isTold("b", "granted b:1");
            isTold("a", "granted a:1");
        }

        @Test
        void leaveAHolderOfRemovedLimitsNothingToHold() {
            Partition before = new Partition("resource", null, List.of(ONE_SLOT), 10, LEASE);
            ConcurrencyLimit other = new ConcurrencyLimit("other", 1, Duration.ofSeconds(2), null);
            Partition after = new Partition("resource", null, List.of(other), 20, LEASE);
            String permit = hold(before, 1);
            Granted seen = granted(execute(after, new Acquire(permit, List.of(1L))));
            assertThat(seen.leaseMicros()).isZero();
            assertThat(execute(after, renewal(new HeldPermit(permit, 1, 1, List.of(1L), 1, 0)))
                            .leaseMicros())
                    .containsExactly(10_000_000L);
            assertThat(used(after)).containsExactly(0L);
        }
    }
}
