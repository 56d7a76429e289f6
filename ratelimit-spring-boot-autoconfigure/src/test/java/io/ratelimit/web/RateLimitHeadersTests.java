package io.ratelimit.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RateLimitHeadersTests {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    @ParameterizedTest
    @EnumSource
    void nothingIsToldWhereNothingWasDecided(RateLimitHeaders style) {
        assertThat(style.fields(Decisions.NONE)).isEmpty();
        assertThat(style.fields(Decisions.NONE.with("openai", List.of()))).isEmpty();
    }

    @Test
    void noneTellsNothing() {
        assertThat(RateLimitHeaders.NONE.fields(decided(rate("requests", 500, MINUTE, 458, 17_000))))
                .isEmpty();
    }

    @Nested
    class Ietf {

        @Test
        void tellsPolicyAndStandingOfARateLimit() {
            assertThat(fields(decided(rate("requests", 500, MINUTE, 458, 16_200))))
                    .containsExactly(
                            entry("RateLimit-Policy", "\"requests\";q=500;w=60"),
                            entry("RateLimit", "\"requests\";r=42;t=17"));
        }

        @Test
        void tellsTheBurstOfABucketAndTheTimeInWhichItComesBack() {
            RateLimit bucket = new RateLimit("tokens", 10_000, MINUTE, RateAlgorithm.TOKEN_BUCKET, 2_000);
            RateLimit evenly = new RateLimit("calls", 100, MINUTE, RateAlgorithm.LEAKY_BUCKET);

            assertThat(fields(decided(
                            new LimitStatus(bucket, 500, Duration.ofMillis(3)),
                            new LimitStatus(evenly, 1, Duration.ofMillis(600)))))
                    .containsExactly(
                            entry("RateLimit-Policy", "\"tokens\";q=2000;w=12, \"calls\";q=1;w=1"),
                            entry("RateLimit", "\"tokens\";r=1500;t=1, \"calls\";r=0;t=1"));
        }

        @Test
        void tellsSlotsAsConcurrentRequestsWithoutWindowOrReset() {
            assertThat(fields(decided(slots("workers", 20, 17))))
                    .containsExactly(
                            entry("RateLimit-Policy", "\"workers\";q=20;qu=\"concurrent-requests\""),
                            entry("RateLimit", "\"workers\";r=3"));
        }

        @Test
        void listsSeveralLimitsInOneFieldEach() {
            Decisions decisions = decided(
                            rate("requests", 500, MINUTE, 458, 17_000), rate("tokens", 10_000, MINUTE, 10_000, 1_000))
                    .with("postgres-pool", List.of(slots("default", 10, 4)));

            assertThat(fields(decisions))
                    .containsExactly(
                            entry(
                                    "RateLimit-Policy",
                                    "\"requests\";q=500;w=60, \"tokens\";q=10000;w=60,"
                                            + " \"postgres-pool\";q=10;qu=\"concurrent-requests\""),
                            entry("RateLimit", "\"requests\";r=42;t=17, \"tokens\";r=0;t=1, \"postgres-pool\";r=6"));
        }

        @ParameterizedTest
        @CsvSource({"1, 1", "100, 1", "1000, 1", "1001, 2", "1500, 2", "60000, 60", "2592000000, 2592000"})
        void roundsAWindowUpToWholeSecondsAndLeavesTheQuotaAsItIs(long windowMillis, long w) {
            Decisions decisions = decided(rate("requests", 5, Duration.ofMillis(windowMillis), 0, 0));

            assertThat(fields(decisions)).containsEntry("RateLimit-Policy", "\"requests\";q=5;w=" + w);
        }

        @Test
        void neverShowsAResetBehindTheWindow() {
            assertThat(fields(decided(rate("requests", 5, MINUTE, 1, 60_001))))
                    .containsEntry("RateLimit", "\"requests\";r=4;t=60");
        }

        @ParameterizedTest
        @CsvSource({"1, 1", "999, 1", "1000, 1", "1001, 2", "16999, 17"})
        void roundsAResetUp(long resetMillis, long t) {
            Decisions decisions = decided(rate("requests", 5, MINUTE, 1, resetMillis));

            assertThat(fields(decisions)).containsEntry("RateLimit", "\"requests\";r=4;t=" + t);
        }

        @Test
        void leavesTheResetOutWhileNothingIsUsed() {
            assertThat(fields(decided(rate("requests", 5, MINUTE, 0, 0))))
                    .containsEntry("RateLimit", "\"requests\";r=5");
        }

        @Test
        void neverTellsLessThanNothingLeft() {
            assertThat(fields(decided(rate("requests", 5, MINUTE, 8, 9_000))))
                    .containsEntry("RateLimit", "\"requests\";r=0;t=9");
        }

        private Map<String, String> fields(Decisions decisions) {
            return RateLimitHeaders.IETF.fields(decisions);
        }
    }

    @Nested
    class Legacy {

        @Test
        void tellsLimitRemainingAndResetInSecondsFromNow() {
            assertThat(fields(decided(rate("requests", 500, MINUTE, 458, 16_200))))
                    .containsExactly(
                            entry("X-RateLimit-Limit", "500"),
                            entry("X-RateLimit-Remaining", "42"),
                            entry("X-RateLimit-Reset", "17"));
        }

        @Test
        void choosesTheRateLimitWithTheLeastLeft() {
            Decisions decisions = decided(rate("requests", 500, MINUTE, 458, 17_000))
                    .with("search", List.of(rate("default", 50, MINUTE, 9, 3_000), slots("default", 3, 2)));

            assertThat(fields(decisions))
                    .containsExactly(
                            entry("X-RateLimit-Limit", "50"),
                            entry("X-RateLimit-Remaining", "41"),
                            entry("X-RateLimit-Reset", "3"));
        }

        @Test
        void choosesTheLaterResetOfTwoThatAreUsedUp() {
            Decisions decisions = decided(
                    rate("short", 5, MINUTE, 5, 2_000),
                    rate("long", 100, Duration.ofHours(1), 100, 1_800_000),
                    rate("medium", 10, MINUTE, 10, 30_000));

            assertThat(fields(decisions))
                    .containsEntry("X-RateLimit-Limit", "100")
                    .containsEntry("X-RateLimit-Reset", "1800");
        }

        @Test
        void tellsSlotsWithoutAResetWhereThereIsNoRateLimit() {
            assertThat(fields(decided(slots("default", 10, 4))))
                    .containsExactly(entry("X-RateLimit-Limit", "10"), entry("X-RateLimit-Remaining", "6"));
        }

        private Map<String, String> fields(Decisions decisions) {
            return RateLimitHeaders.LEGACY.fields(decisions);
        }
    }

    private static Decisions decided(LimitStatus... limits) {
        return Decisions.NONE.with("openai", List.of(limits));
    }

    private static LimitStatus rate(String name, long limit, Duration window, long used, long resetMillis) {
        return new LimitStatus(
                new RateLimit(name, limit, window, RateAlgorithm.SLIDING_WINDOW), used, Duration.ofMillis(resetMillis));
    }

    private static LimitStatus slots(String name, long limit, long used) {
        ConcurrencyLimit slots = new ConcurrencyLimit(name, limit, ConcurrencyLimit.DEFAULT_LEASE, null);
        return new LimitStatus(slots, used, Duration.ZERO);
    }
}
