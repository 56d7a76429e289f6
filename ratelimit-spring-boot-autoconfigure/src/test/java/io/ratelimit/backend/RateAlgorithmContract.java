package io.ratelimit.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Updated;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * How each algorithm counts, and what corrections do to it.
 */
abstract class RateAlgorithmContract extends ContractOperations {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private static RateLimit rate(RateAlgorithm algorithm, long limit, long burst) {
        return new RateLimit("default", limit, SECOND, algorithm, burst);
    }

    /** Ten a second, and ten at once. */
    private static Partition tenBy(RateAlgorithm algorithm) {
        return partition(rate(algorithm, 10, 10));
    }

    private Updated update(Partition partition, long difference, long chargedAtMicros) {
        return execute(partition, new Update(0, difference, chargedAtMicros));
    }

    private LimitStatus status(Partition partition) {
        return execute(partition, new Operation.Inspect(0)).status().limits().get(0);
    }

    /** Asserts that an amount is refused until exactly then. */
    private void isGrantedAfter(Partition partition, long amount, Duration wait) {
        assertThat(refuse(partition, amount).retryAfter()).isEqualTo(wait);
        clock.advance(wait.minusNanos(1_000));
        refuse(partition, amount);
        clock.move(1);
        grant(partition, amount);
    }

    @Nested
    class FixedWindow {

        private final Partition partition = partition(rate(RateAlgorithm.FIXED_WINDOW, 3, 3));

        @Test
        void beginsWithTheFirstRequest() {
            clock.advance(Duration.ofMillis(700));
            grant(this.partition, 1);
            clock.advance(Duration.ofMillis(400));
            grant(this.partition, 2);
            isGrantedAfter(this.partition, 1, Duration.ofMillis(600));
        }

        @Test
        void letsUpToTwiceTheLimitThroughAcrossABorder() {
            grant(this.partition, 1);
            clock.advance(Duration.ofMillis(999));
            grant(this.partition, 2);
            clock.advance(Duration.ofMillis(1));
            grant(this.partition, 3);
            refuse(this.partition, 1);
        }

        @Test
        void beginsAnewWithTheFirstRequestAfterItsEnd() {
            grant(this.partition, 3);
            clock.advance(Duration.ofMillis(1_900));
            grant(this.partition, 3);
            isGrantedAfter(this.partition, 3, SECOND);
        }

        @Test
        void tellsWhenItEnds() {
            grant(this.partition, 2);
            clock.advance(Duration.ofMillis(300));
            assertThat(status(this.partition).remaining()).isEqualTo(1);
            assertThat(status(this.partition).reset()).isEqualTo(Duration.ofMillis(700));
            clock.advance(Duration.ofMillis(700));
            assertThat(status(this.partition).remaining()).isEqualTo(3);
            assertThat(status(this.partition).reset()).isZero();
        }

        @Test
        void refundsNothingOfAWindowThatIsOver() {
            Granted first = grant(this.partition, 3);
            clock.advance(SECOND);
            grant(this.partition, 3);
            update(this.partition, -3, first.grantedAtMicros());
            refuse(this.partition, 1);
        }

        @Test
        void paysDebtWithTheWindowsThatFollow() {
            grant(this.partition, 3);
            update(this.partition, 4, 0);
            assertThat(used(this.partition)).containsExactly(7L);
            clock.advance(Duration.ofMillis(1_500));
            assertThat(used(this.partition)).containsExactly(4L);
            isGrantedAfter(this.partition, 3, Duration.ofMillis(1_500));
        }

        @Test
        void keepsWhatIsUsedWhenItsLimitIsLoweredUntilItEnds() {
            grant(partition(rate(RateAlgorithm.FIXED_WINDOW, 30, 30)), 30);
            Partition lowered = new Partition("resource", null, this.partition.limits(), 2, LEASE);
            assertThat(used(lowered)).containsExactly(30L);
            isGrantedAfter(lowered, 3, SECOND);
        }
    }

    @Nested
    class TokenBucket {

        private final Partition partition = partition(rate(RateAlgorithm.TOKEN_BUCKET, 10, 5));

        @Test
        void givesItsBurstAtOnceAndThenAsMuchAsFlowsIn() {
            grant(this.partition, 5);
            isGrantedAfter(this.partition, 1, Duration.ofMillis(100));
            isGrantedAfter(this.partition, 5, Duration.ofMillis(500));
        }

        @Test
        void isNeverFullerThanItsBurst() {
            grant(this.partition, 5);
            clock.advance(Duration.ofDays(40));
            assertThat(used(this.partition)).containsExactly(0L);
            grant(this.partition, 5);
            refuse(this.partition, 1);
        }

        @Test
        void losesNoFraction() {
            Partition thirds = partition(rate(RateAlgorithm.TOKEN_BUCKET, 3, 3));
            grant(thirds, 3);
            long start = clock.getAsLong();
            for (int i = 1; i <= 3_000; i++) {
                long open = start + (i * 1_000_000L + 2) / 3;
                clock.move(open - 1 - clock.getAsLong());
                refuse(thirds, 1);
                clock.move(1);
                grant(thirds, 1);
            }
        }

        @Test
        void givesTenMillionASecond() {
            Partition fast = partition(rate(RateAlgorithm.TOKEN_BUCKET, 10_000_000, 25));
            grant(fast, 25);
            refuse(fast, 1);
            clock.move(1);
            assertThat(status(fast).remaining()).isEqualTo(10);
            grant(fast, 10);
            isGrantedAfter(fast, 25, Duration.ofNanos(3_000));
        }

        @Test
        void refusesForGoodWhatIsAboveItsBurst() {
            assertThatThrownBy(() -> acquire(this.partition, 6))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("The amount 6 is above the capacity 5 of the limit 'default'");
        }

        @Test
        void tellsWhatIsLeftAndWhenTheNextIsThere() {
            grant(this.partition, 3);
            clock.advance(Duration.ofMillis(30));
            assertThat(status(this.partition).remaining()).isEqualTo(2);
            assertThat(status(this.partition).reset()).isEqualTo(Duration.ofMillis(70));
        }

        @Test
        void refundsNoMoreThanItWouldStillHold() {
            Granted first = grant(this.partition, 5);
            clock.advance(Duration.ofMillis(300));
            update(this.partition, -5, first.grantedAtMicros());
            assertThat(used(this.partition)).containsExactly(0L);
            grant(this.partition, 5);
            refuse(this.partition, 1);
        }

        @Test
        void refundsNothingOfWhatHasFlownOffByTheNextRequest() {
            Granted first = grant(this.partition, 5);
            clock.advance(Duration.ofMillis(400));
            grant(this.partition, 4);
            update(this.partition, -5, first.grantedAtMicros());
            assertThat(used(this.partition)).containsExactly(4L);
            refuse(this.partition, 2);
        }

        @Test
        void refundsEachOfManyChargesInAnyOrder() {
            Partition big = partition(rate(RateAlgorithm.TOKEN_BUCKET, 10, 200));
            Granted first = grant(big, 3);
            clock.move(10);
            Granted second = grant(big, 4);
            for (int i = 0; i < 40; i++) {
                clock.move(10);
                grant(big, 1);
            }
            update(big, -4, second.grantedAtMicros());
            update(big, -3, first.grantedAtMicros());
            assertThat(used(big)).containsExactly(40L);
        }

        @Test
        void refundsOnTheStrictSideAfterMoreRisesThanItRemembers() {
            Partition big = partition(rate(RateAlgorithm.TOKEN_BUCKET, 10, 500));
            Granted first = grant(big, 100);
            for (int i = 0; i < 200; i++) {
                clock.move(10);
                grant(big, 1);
            }
            Granted last = grant(big, 50);
            update(big, -50, last.grantedAtMicros());
            assertThat(used(big)).containsExactly(300L);
            update(big, -100, first.grantedAtMicros());
            assertThat(used(big).get(0)).isBetween(200L, 300L);
        }

        @Test
        void refundsNoMoreThanWasLeftHoweverManyRisesCameAfterIt() {
            Partition big = partition(rate(RateAlgorithm.TOKEN_BUCKET, 10, 500));
            Granted first = grant(big, 50);
            clock.advance(Duration.ofMillis(4_900));
            for (int i = 0; i < 200; i++) {
                grant(big, 1);
                clock.move(10);
            }
            assertThat(used(big)).containsExactly(201L);
            update(big, -50, first.grantedAtMicros());
            assertThat(used(big).get(0)).isBetween(200L, 201L);
        }

        @Test
        void isAsFullAsBeforeWhenItsLimitsChange() {
            grant(this.partition, 4);
            Partition changed =
                    new Partition("resource", null, List.of(rate(RateAlgorithm.TOKEN_BUCKET, 100, 6)), 2, LEASE);
            assertThat(used(changed)).containsExactly(4L);
            grant(changed, 2);
            isGrantedAfter(changed, 1, Duration.ofMillis(10));
        }
    }

    @Nested
    class LeakyBucket {

        private final Partition partition = partition(new RateLimit("default", 10, SECOND, RateAlgorithm.LEAKY_BUCKET));

        @Test
        void spacesEvenly() {
            grant(this.partition, 1);
            isGrantedAfter(this.partition, 1, Duration.ofMillis(100));
            clock.advance(Duration.ofMillis(40));
            isGrantedAfter(this.partition, 1, Duration.ofMillis(60));
        }

        @Test
        void givesNothingMoreAfterALongIdleTime() {
            grant(this.partition, 1);
            clock.advance(Duration.ofDays(3));
            grant(this.partition, 1);
            refuse(this.partition, 1);
        }
    }

    @Nested
    class Corrections {

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void belowTheEstimateAreThereForOthersAtOnce(RateAlgorithm algorithm) {
            Partition partition = tenBy(algorithm);
            grant(partition, 2);
            Granted granted = grant(partition, 8);
            refuse(partition, 1);
            update(partition, -5, granted.grantedAtMicros());
            assertThat(used(partition)).containsExactly(5L);
            grant(partition, 5);
            refuse(partition, 1);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void aboveTheEstimateAreDebtThatLaterAcquisitionsWaitFor(RateAlgorithm algorithm) {
            Partition partition = tenBy(algorithm);
            grant(partition, 10);
            update(partition, 15, 0);
            LimitStatus status = status(partition);
            assertThat(status.used()).isEqualTo(25);
            assertThat(status.remaining()).isZero();
            Duration wait = refuse(partition, 5).retryAfter();
            assertThat(wait)
                    .isEqualTo(
                            switch (algorithm) {
                                case SLIDING_WINDOW -> Duration.ofSeconds(2).plusNanos(2_000);
                                case FIXED_WINDOW -> Duration.ofSeconds(2);
                                case TOKEN_BUCKET, LEAKY_BUCKET -> Duration.ofSeconds(2);
                            });
            isGrantedAfter(partition, 5, wait);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void tellTheTimeOfWhatTheyCharge(RateAlgorithm algorithm) {
            Partition partition = tenBy(algorithm);
            grant(partition, 2);
            clock.advance(Duration.ofMillis(10));
            long chargedAt = update(partition, 20, 0).atMicros();
            assertThat(chargedAt).isEqualTo(clock.getAsLong());
            clock.advance(Duration.ofMillis(10));
            update(partition, -20, chargedAt);
            assertThat(used(partition)).containsExactly(2L);
            grant(partition, 8);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void payOffInALongIdleTime(RateAlgorithm algorithm) {
            Partition partition = tenBy(algorithm);
            grant(partition, 1);
            update(partition, 1_000_000, 0);
            clock.advance(Duration.ofHours(20));
            refuse(partition, 1);
            clock.advance(Duration.ofHours(10));
            assertThat(used(partition)).containsExactly(0L);
            grant(partition, 10);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void areBoundedHoweverGreat(RateAlgorithm algorithm) {
            Partition partition = partition(new RateLimit("default", 1, Duration.ofDays(30), algorithm, 1));
            for (int i = 0; i < 100; i++) {
                update(partition, 100_000_000, 0);
            }
            assertThat(status(partition).used()).isBetween(1_000L, 1_300L);
            assertThat(refuse(partition, 1).retryAfter())
                    .isBetween(Duration.ofDays(99 * 365), Duration.ofDays(101 * 365));
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void refundNoMoreThanThereIs(RateAlgorithm algorithm) {
            Partition partition = tenBy(algorithm);
            Granted granted = grant(partition, 3);
            update(partition, -100_000_000, granted.grantedAtMicros());
            assertThat(used(partition)).containsExactly(0L);
            grant(partition, 10);
            refuse(partition, 1);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void letWhoWaitsGoOnAtOnce(RateAlgorithm algorithm) {
            Partition partition = tenBy(algorithm);
            Granted granted = grant(partition, 10);
            queue(partition, "b:first", 4);
            update(partition, -3, granted.grantedAtMicros());
            assertThat(line(partition)).containsExactly("b:first");
            update(partition, -1, granted.grantedAtMicros());
            grantOf("b:first");
            assertThat(line(partition)).isEmpty();
            assertThat(used(partition)).containsExactly(10L);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void areUndoneWithTheAcquisition(RateAlgorithm algorithm) {
            Partition partition = tenBy(algorithm);
            Granted granted = grant(partition, 6);
            execute(partition, new Cancel("a:x", List.of(6L), granted.grantedAtMicros()));
            assertThat(used(partition)).containsExactly(0L);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void doNothingToALimitThatIsGone(RateAlgorithm algorithm) {
            Partition before = tenBy(algorithm);
            Granted granted = grant(before, 6);
            RateLimit other = new RateLimit("other", 10, SECOND, algorithm, 10);
            Partition after = new Partition("resource", null, List.of(other), 2, LEASE);
            grant(after, 3);
            update(before, 5, 0);
            update(before, -5, granted.grantedAtMicros());
            assertThat(used(after)).containsExactly(3L);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void ofASlidingWindowAreKeptWhenTheAlgorithmChanges(RateAlgorithm algorithm) {
            grant(tenBy(RateAlgorithm.SLIDING_WINDOW), 7);
            update(tenBy(RateAlgorithm.SLIDING_WINDOW), 5, 0);
            assertKept(algorithm);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void ofAFixedWindowAreKeptWhenTheAlgorithmChanges(RateAlgorithm algorithm) {
            grant(tenBy(RateAlgorithm.FIXED_WINDOW), 7);
            update(tenBy(RateAlgorithm.FIXED_WINDOW), 5, 0);
            assertKept(algorithm);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void ofABucketAreKeptWhenTheAlgorithmChanges(RateAlgorithm algorithm) {
            grant(tenBy(RateAlgorithm.TOKEN_BUCKET), 7);
            update(tenBy(RateAlgorithm.TOKEN_BUCKET), 5, 0);
            assertKept(algorithm);
        }

        @ParameterizedTest
        @EnumSource(RateAlgorithm.class)
        void goOnWhereOnlyAnotherLimitChanges(RateAlgorithm algorithm) {
            Granted granted = grant(tenBy(algorithm), 6);
            clock.move(10);
            RateLimit other = new RateLimit("other", 10, SECOND, algorithm, 10);
            Partition more = new Partition("resource", null, List.of(rate(algorithm, 10, 10), other), 2, LEASE);
            grant(more, 1, 1);
            update(more, -6, granted.grantedAtMicros());
            assertThat(used(more)).containsExactly(1L, 1L);
        }

        private void assertKept(RateAlgorithm algorithm) {
            Partition changed = new Partition("resource", null, List.of(rate(algorithm, 10, 10)), 2, LEASE);
            assertThat(used(changed)).containsExactly(12L);
            refuse(changed, 1);
            clock.advance(Duration.ofSeconds(2).plusMillis(1));
            assertThat(used(changed)).containsExactly(0L);
            grant(changed, 10);
        }
    }

    @Nested
    class SlidingWindowDebt {

        private final Partition partition = tenBy(RateAlgorithm.SLIDING_WINDOW);

        @Test
        void takesTheRoomOfWhatLeavesBeforeAnybodyElse() {
            grant(this.partition, 6);
            clock.advance(Duration.ofMillis(500));
            grant(this.partition, 4);
            update(this.partition, 6, 0);
            clock.advance(Duration.ofMillis(501));
            assertThat(used(this.partition)).containsExactly(10L);
            isGrantedAfter(this.partition, 4, Duration.ofMillis(499).plusNanos(1_000));
            refuse(this.partition, 1);
        }

        @Test
        void isChargedAtOnceAsFarAsThereIsRoom() {
            grant(this.partition, 4);
            clock.advance(Duration.ofMillis(500));
            update(this.partition, 5, 0);
            assertThat(used(this.partition)).containsExactly(9L);
            grant(this.partition, 1);
            clock.advance(Duration.ofMillis(501));
            assertThat(used(this.partition)).containsExactly(6L);
        }

        @Test
        void isPaidByRefunds() {
            Granted granted = grant(this.partition, 10);
            update(this.partition, 3, 0);
            update(this.partition, -4, granted.grantedAtMicros());
            assertThat(used(this.partition)).containsExactly(9L);
            grant(this.partition, 1);
            refuse(this.partition, 1);
        }

        /** What of the first charge was paid later stands in later entries: to take its refund from the debt would forget the second. */
        @Test
        void ofALaterChargeIsNotPaidByTheRefundOfAnEarlierOne() {
            Granted other = grant(this.partition, 4);
            clock.advance(Duration.ofMillis(100));
            long earlier = update(this.partition, 16, 0).atMicros();
            clock.advance(Duration.ofMillis(100));
            update(this.partition, -4, other.grantedAtMicros());
            clock.advance(Duration.ofMillis(100));
            update(this.partition, 3, 0);
            clock.advance(Duration.ofMillis(100));
            update(this.partition, -16, earlier);

            assertThat(used(this.partition)).containsExactly(3L);
            clock.advance(Duration.ofMillis(850));
            refuse(this.partition, 8);
            grant(this.partition, 7);
        }

        @Test
        void gainsNothingFromARefundOfWhatHasLeftTheWindow() {
            Granted granted = grant(this.partition, 10);
            update(this.partition, 30, 0);
            clock.advance(Duration.ofMillis(1_001));
            update(this.partition, -10, granted.grantedAtMicros());
            assertThat(used(this.partition)).containsExactly(30L);
        }
    }
}
