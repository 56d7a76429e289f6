package io.ratelimit.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * What every backend does, on a clock that the test moves.
 */
public abstract class LimitBackendContract extends WaitingContract {

    @Nested
    class SlidingWindow {

        private final Partition partition = partition(THREE_A_SECOND);

        @Test
        void admitsTheLimitAndRefusesTheNext() {
            for (int i = 0; i < 3; i++) {
                grant(this.partition, 1);
            }
            Refused refused = refuse(this.partition, 1);
            assertThat(refused.violated()).containsExactly(THREE_A_SECOND);
            assertThat(used(this.partition)).containsExactly(3L);
        }

        @Test
        void saysToTheMicrosecondWhenItWillAdmitAgain() {
            grant(this.partition, 1);
            clock.advance(Duration.ofMillis(400));
            grant(this.partition, 2);
            clock.advance(Duration.ofMillis(100));
            Duration retryAfter = refuse(this.partition, 1).retryAfter();
            assertThat(retryAfter).isEqualTo(Duration.ofMillis(500).plusNanos(1_000));
            clock.advance(retryAfter.minusNanos(1_000));
            refuse(this.partition, 1);
            clock.move(1);
            grant(this.partition, 1);
        }

        @Test
        void saysWhenABiggerAmountWillFit() {
            grant(this.partition, 1);
            clock.advance(Duration.ofMillis(400));
            grant(this.partition, 1);
            clock.advance(Duration.ofMillis(100));
            assertThat(refuse(this.partition, 3).retryAfter())
                    .isEqualTo(Duration.ofMillis(900).plusNanos(1_000));
        }

        @Test
        void admitsNoMoreThanTheLimitAcrossABorder() {
            clock.advance(Duration.ofMillis(990));
            grant(this.partition, 3);
            clock.advance(Duration.ofMillis(20));
            refuse(this.partition, 1);
        }

        @Test
        void countsEventsExactlyOneWindowApartAsOneWindow() {
            grant(this.partition, 3);
            clock.advance(Duration.ofSeconds(1));
            refuse(this.partition, 1);
            clock.move(1);
            grant(this.partition, 3);
        }

        @Test
        void isAsIfNewAfterALongIdleTime() {
            grant(this.partition, 3);
            clock.advance(Duration.ofDays(40));
            assertThat(used(this.partition)).containsExactly(0L);
            grant(this.partition, 3);
            refuse(this.partition, 1);
        }

        @Test
        void neverAdmitsMoreThanTheLimitInAnyWindowHoweverManyEventsThereAre() {
            Partition many = partition(RateLimit.of(1_000, Duration.ofSeconds(1)));
            List<Long> admitted = new ArrayList<>();
            for (int i = 0; i < 4_000; i++) {
                clock.move(((i * 7919L) % 1_400) + ((i % 500 == 0) ? 250_000 : 0));
                if (acquire(many, 1) instanceof Granted) {
                    admitted.add(clock.getAsLong());
                }
            }
            for (int i = 0; i + 1_000 < admitted.size(); i++) {
                assertThat(admitted.get(i + 1_000) - admitted.get(i)).isGreaterThan(1_000_000L);
            }
            assertThat(admitted).hasSizeGreaterThan(3_000);
        }

        @Test
        void errsOnTheStrictSideByLessThanA64thOfTheWindow() {
            Partition many = partition(RateLimit.of(100, Duration.ofMillis(6_400)));
            for (int i = 0; i < 100; i++) {
                grant(many, 1);
                clock.advance(Duration.ofMillis(1));
            }
            long lastEvent = clock.getAsLong() - 1_000;
            clock.move(lastEvent + 6_400_000 + 100_000 - clock.getAsLong());
            grant(many, 100);
        }

        @Test
        void doesNotGoBackInTimeWithItsClock() {
            grant(this.partition, 3);
            clock.advance(Duration.ofSeconds(-30));
            refuse(this.partition, 1);
            clock.advance(Duration.ofSeconds(30).plusMillis(1_001));
            grant(this.partition, 3);
        }

        @Test
        void holdsNoLease() {
            Granted granted = grant(this.partition, 1);
            assertThat(granted.leaseMicros()).isZero();
            assertThat(holders(this.partition)).isZero();
        }

        @Test
        void tellsWhatIsLeftAndWhenItGrows() {
            grant(this.partition, 1);
            clock.advance(Duration.ofMillis(250));
            LimitStatus status = grant(this.partition, 1).status().limits().get(0);
            assertThat(status.remaining()).isEqualTo(1);
            assertThat(status.reset()).isEqualTo(Duration.ofMillis(750).plusNanos(1_000));
        }
    }

    @Nested
    class Slots {

        private final Partition partition = partition(TWO_SLOTS);

        @Test
        void areGrantedUpToTheLimit() {
            hold(this.partition, 1);
            hold(this.partition, 1);
            assertThat(refuse(this.partition, 1).violated()).containsExactly(TWO_SLOTS);
            assertThat(used(this.partition)).containsExactly(2L);
        }

        @Test
        void areFreeOnceReleased() {
            String permit = hold(this.partition, 2);
            execute(this.partition, new Release(permit));
            assertThat(used(this.partition)).containsExactly(0L);
            hold(this.partition, 2);
        }

        @Test
        void areFreedOnceHoweverOftenTheyAreReleased() {
            String permit = hold(this.partition, 1);
            hold(this.partition, 1);
            execute(this.partition, new Release(permit));
            execute(this.partition, new Release(permit));
            assertThat(used(this.partition)).containsExactly(1L);
        }

        @Test
        void areNotFreedByAPermitThatNobodyKnows() {
            hold(this.partition, 2);
            execute(this.partition, new Release("somebody:1"));
            refuse(this.partition, 1);
        }

        @Test
        void areEstimatedToBeFreeAfterTheMeanHold() {
            String first = hold(this.partition, 1);
            clock.advance(Duration.ofMillis(80));
            execute(this.partition, new Release(first));
            hold(this.partition, 1);
            hold(this.partition, 1);
            assertThat(refuse(this.partition, 1).retryAfter()).isEqualTo(Duration.ofMillis(40));
            assertThat(refuse(this.partition, 2).retryAfter()).isEqualTo(Duration.ofMillis(80));
        }

        @Test
        void areEstimatedToBeFreeInASecondWhileNothingIsKnown() {
            hold(this.partition, 2);
            assertThat(refuse(this.partition, 1).retryAfter()).isEqualTo(Duration.ofSeconds(1));
        }

        @Test
        void ofDifferentKeysAreDifferentShares() {
            Partition one = new Partition("resource", "one", List.of(TWO_SLOTS), 1, LEASE);
            Partition other = new Partition("resource", "other", List.of(TWO_SLOTS), 1, LEASE);
            hold(one, 2);
            hold(other, 2);
            hold(this.partition, 2);
            refuse(one, 1);
        }

        @Test
        void ofHostileKeysAreDifferentShares() {
            for (String key :
                    List.of("a", "a}", "{a}", "a:h", "a\u0000", "a\n", "\u0430", "a b", "a+b", "a%20b", "%", "*")) {
                hold(new Partition("resource", key, List.of(TWO_SLOTS), 1, LEASE), 2);
            }
        }
    }

    @Nested
    class Atomicity {

        private final ConcurrencyLimit slots = ConcurrencyLimit.of(2);

        private final RateLimit tokens =
                new RateLimit("tokens", 10, Duration.ofSeconds(1), RateAlgorithm.SLIDING_WINDOW);

        private final Partition partition = partition(THREE_A_SECOND, this.tokens, this.slots);

        @Test
        void aRefusalChargesNothingAndHoldsNothing() {
            grant(this.partition, 1, 8, 1);
            List<Long> before = used(this.partition);
            assertThat(refuse(this.partition, 1, 3, 1).violated()).containsExactly(this.tokens);
            assertThat(used(this.partition)).isEqualTo(before).containsExactly(1L, 8L, 1L);
        }

        @Test
        void aRefusalNamesAllLimitsThatRefuseTheLongestWaitFirst() {
            grant(this.partition, 3, 1, 2);
            clock.advance(Duration.ofMillis(100));
            Refused refused = refuse(this.partition, 1, 1, 1);
            assertThat(refused.violated()).containsExactly(this.slots, THREE_A_SECOND);
            assertThat(refused.retryAfter()).isEqualTo(Duration.ofSeconds(1));
        }

        @Test
        void anAmountOfZeroDoesNotAskALimit() {
            grant(this.partition, 3, 10, 0);
            Granted granted = grant(this.partition, 0, 0, 2);
            assertThat(granted.status().limits()).extracting(LimitStatus::used).containsExactly(3L, 10L, 2L);
        }

        @Test
        void anAmountAboveTheCapacityFailsNamingBoth() {
            assertThatThrownBy(() -> acquire(this.partition, 1, 11, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("The amount 11 is above the capacity 10 of the limit 'tokens'");
            assertThat(used(this.partition)).containsExactly(0L, 0L, 0L);
        }
    }

    @Nested
    class Tickets {

        private final Partition partition = partition(THREE_A_SECOND, TWO_SLOTS);

        @Test
        void answerARetriedCallAsBefore() {
            Acquire acquire = new Acquire(ticket(), List.of(1L, 1L));
            Granted first = (Granted) execute(this.partition, acquire);
            clock.advance(Duration.ofMillis(300));
            Granted second = (Granted) execute(this.partition, acquire);
            assertThat(second.fence()).isEqualTo(first.fence());
            assertThat(second.grantedAtMicros()).isEqualTo(first.grantedAtMicros());
            assertThat(second.leaseMicros()).isEqualTo(first.leaseMicros() - 300_000);
            assertThat(used(this.partition)).containsExactly(1L, 1L);
        }

        @Test
        void thatAreCancelledFreeTheirSlotsAndGetTheirRatesBack() {
            String ticket = hold(this.partition, 2, 2);
            clock.advance(Duration.ofMillis(300));
            execute(this.partition, new Cancel(ticket, List.of(2L, 2L), 0));
            assertThat(used(this.partition)).containsExactly(0L, 0L);
            grant(this.partition, 3, 2);
        }

        @Test
        void thatAreCancelledTwiceGetTheirRatesBackOnce() {
            grant(this.partition, 1, 0);
            String ticket = hold(this.partition, 1, 1);
            grant(this.partition, 1, 0);
            execute(this.partition, new Cancel(ticket, List.of(1L, 1L), 0));
            execute(this.partition, new Cancel(ticket, List.of(1L, 1L), 0));
            assertThat(used(this.partition)).containsExactly(2L, 0L);
        }

        @Test
        void ofRatesAloneGetTheirRatesBackOnceByTheTimeOfTheirGrant() {
            Granted granted = grant(this.partition, 2, 0);
            clock.advance(Duration.ofMillis(10));
            grant(this.partition, 1, 0);
            Cancel cancel = new Cancel("a:x", List.of(2L, 0L), granted.grantedAtMicros());
            execute(this.partition, cancel);
            execute(this.partition, cancel);
            assertThat(used(this.partition)).containsExactly(1L, 0L);
        }

        @Test
        void getNothingBackOnceTheirChargeHasLeftTheWindow() {
            String ticket = hold(this.partition, 1, 1);
            clock.advance(Duration.ofMillis(900));
            grant(this.partition, 2, 0);
            clock.advance(Duration.ofMillis(200));
            execute(this.partition, new Cancel(ticket, List.of(1L, 1L), 0));
            assertThat(used(this.partition)).containsExactly(2L, 0L);
        }

        @Test
        void thatAreCancelledBeforeTheirCallArrivesAreRefused() {
            execute(this.partition, new Cancel("a:late", List.of(1L, 1L), 0));
            Reply.Decision late = execute(this.partition, new Acquire("a:late", List.of(1L, 1L)));
            assertThat(late).isInstanceOf(Refused.class);
            assertThat(((Refused) late).violated()).isEmpty();
            assertThat(used(this.partition)).containsExactly(0L, 0L);
        }

        @Test
        void refundsMeetTheEntryOfTheirChargeAmongMany() {
            Partition many = partition(RateLimit.of(1_000, Duration.ofSeconds(1)), TWO_SLOTS);
            List<Granted> grants = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                grants.add(grant(many, 2, 0));
                clock.advance(Duration.ofMillis(3));
            }
            Granted early = grants.get(20);
            execute(many, new Cancel("a:early", List.of(2L, 0L), early.grantedAtMicros()));
            Granted late = grants.get(150);
            execute(many, new Cancel("a:late", List.of(2L, 0L), late.grantedAtMicros()));
            Granted last = grants.get(199);
            execute(many, new Cancel("a:last", List.of(2L, 0L), last.grantedAtMicros()));
            assertThat(used(many)).containsExactly(394L, 0L);
            clock.move(early.grantedAtMicros() + 1_000_001 - clock.getAsLong());
            assertThat(used(many)).containsExactly(400L - 21 * 2 - 2 * 2, 0L);
        }
    }

    @Nested
    class Leases {

        private final Partition partition = partition(TWO_SLOTS);

        @Test
        void freeTheSlotsOfAHolderWhoGivesNoSignOfLife() {
            Granted granted = grant(this.partition, 2);
            assertThat(granted.leaseMicros()).isEqualTo(10_000_000);
            clock.advance(LEASE.minusNanos(1_000));
            refuse(this.partition, 1);
            clock.move(1);
            assertThat(grant(this.partition, 2).status().reclaimed()).isEqualTo(1);
        }

        @Test
        void areRenewedForAsLongAsTheHolderLives() {
            String permit = hold(this.partition, 2);
            for (int i = 0; i < 20; i++) {
                clock.advance(Duration.ofSeconds(3));
                assertThat(renew(this.partition, held(permit, 7_000_000, 2))).isEqualTo(10_000_000);
                refuse(this.partition, 1);
            }
        }

        @Test
        void areTheShortestOfTheLimitsTaken() {
            ConcurrencyLimit shorter = new ConcurrencyLimit("shorter", 1, Duration.ofSeconds(2), null);
            Partition both = partition(TWO_SLOTS, shorter);
            assertThat(grant(both, 1, 1).leaseMicros()).isEqualTo(2_000_000);
            assertThat(grant(both, 1, 0).leaseMicros()).isEqualTo(10_000_000);
        }

        @Test
        void thatAreOverButNotTakenAreRenewed() {
            String permit = hold(this.partition, 2);
            clock.advance(LEASE.plusSeconds(5));
            assertThat(renew(this.partition, held(permit, 0, 2))).isEqualTo(10_000_000);
            refuse(this.partition, 1);
        }

        @Test
        void thatWereTakenAreLost() {
            String permit = hold(this.partition, 2);
            clock.advance(LEASE);
            String next = hold(this.partition, 2);
            assertThat(renew(this.partition, held(permit, 0, 2))).isZero();
            execute(this.partition, new Release(permit));
            assertThat(used(this.partition)).containsExactly(2L);
            assertThat(renew(this.partition, held(next, 10_000_000, 2))).isEqualTo(10_000_000);
        }

        @Test
        void thatAreUnknownWithTimeLeftArePutBackAboveTheLimitIfNeedBe() {
            hold(this.partition, 2);
            assertThat(renew(this.partition, held("other:1", 4_000_000, 2))).isEqualTo(10_000_000);
            assertThat(used(this.partition)).containsExactly(4L);
            execute(this.partition, new Release("other:1"));
            refuse(this.partition, 1);
        }

        @Test
        void thatArePutBackKeepTheFenceGrowing() {
            long fence = clock.getAsLong() + 1_000_000_000;
            HeldPermit before = new HeldPermit("other:1", fence, fence, List.of(1L), 4_000_000, 0);
            renew(this.partition, before);
            assertThat(grant(this.partition, 1).fence()).isGreaterThan(fence);
        }

        /** Asked again without waiting at the moment at which the same call takes a slot back and grants it to whoever is the head. */
        @Test
        void areNotGrantedTwiceToWhoeverAsksForThemAsTheyBecomeItsOwn() {
            Partition two = partition(ConcurrencyLimit.of(2));
            hold(two, 2);
            clock.advance(LEASE.dividedBy(2));
            queue(two, "b:first", 1);
            clock.advance(LEASE.dividedBy(2));
            assertThat(execute(two, new Acquire("b:first", List.of(1L)))).isInstanceOf(Granted.class);
            assertThat(used(two)).containsExactly(1L);
            assertThat(holders(two)).isEqualTo(1);
        }

        @Test
        void ofManyHoldersEndEachAtItsOwnTime() {
            Partition many = partition(ConcurrencyLimit.of(200));
            for (int i = 0; i < 200; i++) {
                hold(many, 1);
                clock.advance(Duration.ofMillis(25));
            }
            clock.advance(Duration.ofSeconds(5));
            assertThat(used(many)).containsExactly(199L);
            clock.advance(Duration.ofMillis(500));
            assertThat(used(many)).containsExactly(179L);
            clock.advance(LEASE);
            eventually(() -> assertThat(used(many)).containsExactly(0L));
        }
    }

    @Nested
    class MaximumHold {

        private final Partition partition =
                partition(new ConcurrencyLimit("default", 1, LEASE, Duration.ofSeconds(25)));

        @Test
        void endsAPermitAlthoughItsHolderLives() {
            String permit = ticket();
            Granted granted = (Granted) execute(this.partition, new Acquire(permit, List.of(1L)));
            assertThat(granted.holdMicros()).isEqualTo(25_000_000);
            clock.advance(Duration.ofSeconds(9));
            assertThat(renew(this.partition, held(permit, 1, 1))).isEqualTo(10_000_000);
            clock.advance(Duration.ofSeconds(9));
            assertThat(renew(this.partition, held(permit, 1, 1))).isEqualTo(7_000_000);
            refuse(this.partition, 1);
            clock.advance(Duration.ofSeconds(7));
            assertThat(renew(this.partition, held(permit, 1, 1))).isZero();
            hold(this.partition, 1);
        }

        @Test
        void isNotPutBackByAHolderWhoThinksItsStateWasLost() {
            String permit = hold(this.partition, 1);
            clock.advance(Duration.ofSeconds(9));
            renew(this.partition, held(permit, 1, 1));
            clock.advance(Duration.ofSeconds(9));
            renew(this.partition, held(permit, 1, 1));
            clock.advance(Duration.ofSeconds(8));
            assertThat(used(this.partition)).containsExactly(0L);
            assertThat(renew(this.partition, held(permit, 5_000_000, 1))).isZero();
            assertThat(used(this.partition)).containsExactly(0L);
        }
    }

    @Nested
    class FencingTokens {

        private final Partition partition = partition(ConcurrencyLimit.of(100));

        @Test
        void growWithEveryGrantAlsoWhenTheClockStandsStillOrGoesBack() {
            List<Long> fences = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                fences.add(grant(this.partition, 1).fence());
                clock.move((i % 3 == 0) ? -5 : i % 2);
            }
            assertThat(fences).isSorted().doesNotHaveDuplicates();
        }

        @Test
        void growAcrossALongIdleTime() {
            long before = grant(this.partition, 1).fence();
            clock.advance(Duration.ofDays(1));
            assertThat(grant(this.partition, 1).fence()).isGreaterThan(before);
        }
    }

    @Nested
    class Definitions {

        @Test
        void ofANewerStampCountForEverybody() {
            Partition before = new Partition("resource", null, List.of(ConcurrencyLimit.of(4)), 10, LEASE);
            Partition after = new Partition("resource", null, List.of(ConcurrencyLimit.of(2)), 20, LEASE);
            hold(before, 3);
            refuse(after, 1);
            Refused refused = refuse(before, 1);
            assertThat(refused.violated()).containsExactly(ConcurrencyLimit.of(2));
            assertThat(refused.status().limits().get(0))
                    .isEqualTo(new LimitStatus(ConcurrencyLimit.of(2), 3, Duration.ZERO));
        }

        @Test
        void ofAnOlderStampChangeNothing() {
            Partition newer = new Partition("resource", null, List.of(ConcurrencyLimit.of(2)), 20, LEASE);
            Partition older = new Partition("resource", null, List.of(ConcurrencyLimit.of(4)), 10, LEASE);
            hold(newer, 2);
            refuse(older, 1);
        }

        @Test
        void thatLowerALimitShrinkByAttrition() {
            Partition before = new Partition("resource", null, List.of(ConcurrencyLimit.of(3)), 10, LEASE);
            Partition after = new Partition("resource", null, List.of(ConcurrencyLimit.of(1)), 20, LEASE);
            List<String> permits = List.of(hold(before, 1), hold(before, 1), hold(before, 1));
            refuse(after, 1);
            execute(before, new Release(permits.get(0)));
            execute(before, new Release(permits.get(1)));
            refuse(after, 1);
            execute(before, new Release(permits.get(2)));
            hold(after, 1);
        }

        @Test
        void thatChangeARateKeepWhatIsUsed() {
            Partition before = new Partition("resource", null, List.of(THREE_A_SECOND), 10, LEASE);
            Partition after =
                    new Partition("resource", null, List.of(RateLimit.of(5, Duration.ofSeconds(2))), 20, LEASE);
            grant(before, 3);
            grant(after, 2);
            clock.advance(Duration.ofMillis(1_900));
            refuse(after, 1);
        }

        @Test
        void matchLimitsByNameAndChargeOneForThoseThatTheCallerDoesNotKnow() {
            RateLimit tokens = new RateLimit("tokens", 9, Duration.ofSeconds(1), RateAlgorithm.SLIDING_WINDOW);
            Partition older = new Partition("resource", null, List.of(tokens, TWO_SLOTS), 10, LEASE);
            Partition newer = new Partition("resource", null, List.of(THREE_A_SECOND, tokens), 20, LEASE);
            grant(newer, 0, 0);
            grant(older, 4, 1);
            assertThat(used(newer)).containsExactly(1L, 4L);
            grant(older, 0, 1);
            assertThat(used(newer)).containsExactly(1L, 4L);
        }

        @Test
        void thatDropALimitForgetWhatWasHeldOfIt() {
            Partition first = new Partition("resource", null, List.of(TWO_SLOTS), 10, LEASE);
            Partition without = new Partition("resource", null, List.of(THREE_A_SECOND), 20, LEASE);
            Partition again = new Partition("resource", null, List.of(TWO_SLOTS), 30, LEASE);
            String permit = hold(first, 2);
            grant(without, 1);
            hold(again, 2);
            execute(again, new Release(permit));
            assertThat(used(again)).containsExactly(2L);
        }

        @Test
        void thatAddALimitDoNotChargeItToThoseWhoHoldOthers() {
            Partition before = new Partition("resource", null, List.of(TWO_SLOTS), 10, LEASE);
            ConcurrencyLimit other = new ConcurrencyLimit("other", 1, LEASE, null);
            Partition after = new Partition("resource", null, List.of(other, TWO_SLOTS), 20, LEASE);
            String permit = hold(before, 2);
            assertThat(used(after)).containsExactly(0L, 2L);
            execute(after, new Release(permit));
            assertThat(used(after)).containsExactly(0L, 0L);
        }
    }

    @Nested
    class Inspection {

        private final Partition partition = partition(THREE_A_SECOND, TWO_SLOTS);

        @Test
        void showsHoldersLongestHeldFirst() {
            String first = hold(this.partition, 1, 1);
            clock.advance(Duration.ofSeconds(2));
            String second = hold(this.partition, 0, 1);
            clock.advance(Duration.ofSeconds(1));
            Reply.Inspected seen = execute(this.partition, new Inspect(10));
            assertThat(seen.holderCount()).isEqualTo(2);
            assertThat(seen.holders())
                    .containsExactly(
                            new Reply.Holder(first, List.of(0L, 1L), 3_000_000, 7_000_000),
                            new Reply.Holder(second, List.of(0L, 1L), 1_000_000, 9_000_000));
        }

        @Test
        void showsNoMoreThanAskedFor() {
            hold(this.partition, 0, 1);
            hold(this.partition, 0, 1);
            Reply.Inspected seen = execute(this.partition, new Inspect(1));
            assertThat(seen.holderCount()).isEqualTo(2);
            assertThat(seen.holders()).hasSize(1);
        }

        @Test
        void ofAPartitionThatIsNotThereShowsItsLimitsUnused() {
            assertThat(execute(this.partition, new Inspect(10)).status().limits())
                    .containsExactly(
                            new LimitStatus(THREE_A_SECOND, 0, Duration.ZERO),
                            new LimitStatus(TWO_SLOTS, 0, Duration.ZERO));
        }
    }

    @Nested
    class ManyHolders {

        @Test
        void areAllCountedAndAllFreed() {
            Partition partition = partition(ConcurrencyLimit.of(1_000));
            List<String> permits = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                permits.add(hold(partition, 1));
            }
            refuse(partition, 1);
            Collections.shuffle(permits, new java.util.Random(1));
            permits.forEach((permit) -> execute(partition, new Release(permit)));
            assertThat(used(partition)).containsExactly(0L);
            assertThat(holders(partition)).isZero();
        }
    }
}
