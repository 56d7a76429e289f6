package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.backend.Reply.Status;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class RefusalsTests {

    private static final Duration HOUR = Duration.ofHours(1);

    private static final RateLimit TOKENS = new RateLimit("tokens", 100, HOUR, RateAlgorithm.SLIDING_WINDOW);

    private static final RateLimit REQUESTS = RateLimit.of(5, HOUR);

    private static final ConcurrencyLimit SLOTS = ConcurrencyLimit.of(5);

    private static final List<Limit> LIMITS = List.of(TOKENS, REQUESTS, SLOTS);

    private static final Partition PARTITION = partition("k", LIMITS);

    /** Of a memory that no test outlasts. */
    private final Refusals refusals = new Refusals(HOUR);

    private static Partition partition(String key, List<Limit> limits) {
        return new Partition("pool", key, limits, 1, Duration.ofSeconds(10));
    }

    private static Acquire acquire(long... amounts) {
        return new Acquire("a:1", LongStream.of(amounts).boxed().toList());
    }

    private static Refused refused(Duration retryAfter, Limit... violated) {
        return refused(0, retryAfter, violated);
    }

    private static Refused refused(long queued, Duration retryAfter, Limit... violated) {
        List<LimitStatus> statuses = List.of(
                new LimitStatus(TOKENS, 100, HOUR),
                new LimitStatus(REQUESTS, 1, Duration.ofNanos(1_000)),
                new LimitStatus(SLOTS, 5, Duration.ZERO));
        return new Refused(List.of(violated), retryAfter, new Status(statuses, queued, 0, 3));
    }

    private boolean remembers(Acquire acquire) {
        return this.refusals.find(PARTITION, acquire.amounts()) != null;
    }

    @Nested
    class ARefusalByARate {

        @Test
        void isForgottenOnceSomethingIsGivenBack() {
            Partition other = partition("other", LIMITS);
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            refusals.remember(PARTITION, acquire(1, 1, 1), refused(HOUR, REQUESTS));
            refusals.remember(other, acquire(10, 1, 1), refused(HOUR, TOKENS));
            refusals.forget(PARTITION);
            assertThat(remembers(acquire(10, 1, 1))).isFalse();
            assertThat(refusals.find(other, acquire(10, 1, 1).amounts())).isNotNull();
        }

        @Test
        void isForgottenOnceAsMuchIsGranted() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            refusals.remember(PARTITION, acquire(1, 2, 1), refused(HOUR, REQUESTS));
            refusals.forgetCovering(PARTITION, acquire(9, 1, 1));
            refusals.forgetCovering(partition("other", LIMITS), acquire(10, 2, 1));
            assertThat(remembers(acquire(10, 0, 0))).isTrue();
            assertThat(remembers(acquire(0, 2, 0))).isTrue();
            refusals.forgetCovering(PARTITION, acquire(11, 1, 1));
            assertThat(remembers(acquire(10, 0, 0))).isFalse();
            assertThat(remembers(acquire(0, 2, 0))).isTrue();
            refusals.forgetCovering(PARTITION, acquire(0, 2, 1));
            assertThat(remembers(acquire(0, 2, 0))).isFalse();
        }

        @Test
        void holdsForThatAmountAndAbove() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            assertThat(remembers(acquire(10, 1, 1))).isTrue();
            assertThat(remembers(acquire(11, 0, 0))).isTrue();
            assertThat(remembers(acquire(9, 1, 1))).isFalse();
            assertThat(remembers(acquire(0, 5, 1))).isFalse();
        }

        @Test
        void holdsForLessOnceLessWasRefused() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            refusals.remember(PARTITION, acquire(3, 1, 1), refused(HOUR, TOKENS));
            assertThat(remembers(acquire(3, 1, 1))).isTrue();
            assertThat(remembers(acquire(2, 1, 1))).isFalse();
        }

        @Test
        void holdsForItsPartitionOnly() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            assertThat(refusals.find(
                            partition("other", LIMITS), acquire(10, 1, 1).amounts()))
                    .isNull();
            assertThat(refusals.find(partition("k", LIMITS), acquire(10, 1, 1).amounts()))
                    .isNotNull();
        }

        @Test
        void holdsForItsDefinitionOnly() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            Partition changed = partition("k", List.of(TOKENS, REQUESTS, SLOTS));
            assertThat(refusals.find(changed, acquire(10, 1, 1).amounts())).isNull();
        }

        @Test
        void isAnsweredWithWhatIsLeftOfItsTime() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS, REQUESTS));
            long later = System.nanoTime() + 1_000_000;
            await().pollInterval(Duration.ofMillis(1)).until(() -> System.nanoTime() > later);
            Refused again = refusals.find(PARTITION, acquire(10, 1, 1).amounts());
            assertThat(again.violated()).containsExactly(TOKENS, REQUESTS);
            assertThat(again.retryAfter())
                    .isLessThanOrEqualTo(HOUR.minusMillis(1))
                    .isGreaterThan(HOUR.minusMinutes(1));
            assertThat(again.status().limits()).extracting(LimitStatus::used).containsExactly(100L, 1L, 5L);
            assertThat(again.status().limits().get(2).reset()).isZero();
        }

        @Test
        void isNeverAnsweredWithATimeThatHasPassed() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            long later = System.nanoTime() + 1_000_000;
            await().pollInterval(Duration.ofMillis(1)).until(() -> System.nanoTime() > later);
            assertThat(refusals.find(PARTITION, acquire(10, 1, 1).amounts())
                            .status()
                            .limits()
                            .get(1)
                            .reset())
                    .isZero();
        }

        @Test
        void standsBesideThatOfAnotherLimit() {
            refusals.remember(PARTITION, acquire(10, 0, 0), refused(HOUR, TOKENS));
            refusals.remember(PARTITION, acquire(0, 1, 0), refused(HOUR, REQUESTS));
            assertThat(remembers(acquire(10, 0, 0))).isTrue();
            assertThat(remembers(acquire(0, 1, 0))).isTrue();
            assertThat(remembers(acquire(9, 0, 0))).isFalse();
        }

        @Test
        void tellsOfWhatWasTakenBackOnce() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            assertThat(refusals.find(PARTITION, acquire(10, 1, 1).amounts())
                            .status()
                            .reclaimed())
                    .isZero();
        }

        @Test
        void isAskedAgainForByOneWhomItConcernsNotByOthers() {
            Duration memory = Duration.ofMillis(50);
            Refusals brief = new Refusals(memory);
            brief.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            long over = System.nanoTime() + memory.toNanos();
            await().pollInterval(Duration.ofMillis(1)).until(() -> System.nanoTime() > over);
            assertThat(brief.find(PARTITION, acquire(1, 1, 1).amounts())).isNull();
            assertThat(brief.find(PARTITION, acquire(10, 1, 1).amounts())).isNull();
            assertThat(brief.find(PARTITION, acquire(10, 1, 1).amounts())).isNotNull();
        }

        @Test
        void isOverWhenTheRateOpens() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(Duration.ofMillis(1), TOKENS));
            await().pollInterval(Duration.ofMillis(1)).until(() -> !remembers(acquire(10, 1, 1)));
        }

        @Test
        void isForgottenAfterItsMemory() {
            Refusals forgetful = new Refusals(Duration.ofMillis(1));
            forgetful.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, TOKENS));
            await().pollInterval(Duration.ofMillis(1))
                    .until(() -> forgetful.find(PARTITION, acquire(10, 1, 1).amounts()) == null);
            assertThat(Refusals.LONGEST_MEMORY).isEqualTo(Duration.ofMillis(100));
        }
    }

    @Nested
    class NothingIsRemembered {

        @Test
        void ofARefusalBySlots() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, SLOTS, TOKENS));
            assertThat(remembers(acquire(10, 1, 1))).isFalse();
        }

        @Test
        void behindAQueueThatMayMove() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(1, HOUR, TOKENS));
            assertThat(remembers(acquire(10, 1, 1))).isFalse();
        }

        @Test
        void ofALimitThatWasNotAsked() {
            refusals.remember(PARTITION, acquire(0, 1, 1), refused(HOUR, TOKENS));
            assertThat(remembers(acquire(0, 1, 1))).isFalse();
            assertThat(remembers(acquire(10, 1, 1))).isFalse();
        }

        @Test
        void ofALimitThatTheCallerDoesNotKnow() {
            RateLimit other = new RateLimit("other", 1, HOUR, RateAlgorithm.SLIDING_WINDOW);
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(HOUR, other));
            assertThat(remembers(acquire(10, 1, 1))).isFalse();
        }

        @Test
        void ofATicketThatWasCancelled() {
            refusals.remember(PARTITION, acquire(10, 1, 1), refused(Duration.ZERO));
            assertThat(remembers(acquire(10, 1, 1))).isFalse();
        }
    }

    @Nested
    class TheMemory {

        @Test
        void isBounded() {
            for (int i = 0; i < 10_000; i++) {
                refusals.remember(partition("k" + i, LIMITS), acquire(1, 1, 1), refused(HOUR, TOKENS));
            }
            assertThat(refusals.find(
                            partition("k9999", LIMITS), acquire(1, 1, 1).amounts()))
                    .isNotNull();
            refusals.remember(partition("more", LIMITS), acquire(1, 1, 1), refused(HOUR, TOKENS));
            assertThat(refusals.find(partition("more", LIMITS), acquire(1, 1, 1).amounts()))
                    .isNull();
        }

        @Test
        void makesRoomByForgettingWhatIsOver() {
            long startNanos = System.nanoTime();
            for (int i = 0; i < 10_000; i++) {
                refusals.remember(partition("k" + i, LIMITS), acquire(1, 1, 1), refused(Duration.ofSeconds(2), TOKENS));
            }
            Partition more = partition("more", LIMITS);
            await().pollInterval(Duration.ofMillis(10)).until(() -> {
                refusals.remember(more, acquire(1, 1, 1), refused(HOUR, TOKENS));
                return refusals.find(more, acquire(1, 1, 1).amounts()) != null;
            });
            assertThat(System.nanoTime() - startNanos)
                    .isGreaterThan(Duration.ofSeconds(2).toNanos());
        }
    }
}
