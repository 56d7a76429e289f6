package io.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateLimitTests {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    @ParameterizedTest
    @CsvSource({"SLIDING_WINDOW, 600", "FIXED_WINDOW, 600", "TOKEN_BUCKET, 600", "LEAKY_BUCKET, 1"})
    void hasABurstThatIsItsCapacity(RateAlgorithm algorithm, long capacity) {
        RateLimit limit = new RateLimit("default", 600, MINUTE, algorithm);

        assertThat(limit.burst()).isEqualTo(capacity);
        assertThat(limit.capacity()).isEqualTo(capacity);
    }

    @Test
    void ofAWindowHasNoBurstOfItsOwn() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RateLimit("calls", 600, MINUTE, RateAlgorithm.FIXED_WINDOW, 5))
                .withMessage(
                        "The burst of the rate limit 'calls' is 5, but only token-bucket and leaky-bucket have a burst");
    }

    @Test
    void isRefusedWhereItsBurstTakesMoreThanTenYearsToComeBack() {
        Duration month = Duration.ofDays(30);
        assertThat(new RateLimit("calls", 1, month, RateAlgorithm.LEAKY_BUCKET, 121).capacity())
                .isEqualTo(121);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RateLimit("calls", 1, month, RateAlgorithm.LEAKY_BUCKET, 122))
                .withMessageContaining(
                        "The time in which the burst 122 of the rate limit 'calls' comes back is PT87840H");
    }

    @ParameterizedTest
    @CsvSource({
        "SLIDING_WINDOW, 600, PT1M",
        "FIXED_WINDOW, 600, PT1M",
        "TOKEN_BUCKET, 200, PT20S",
        "LEAKY_BUCKET, 1, PT0.1S",
        "LEAKY_BUCKET, 7, PT0.7S"
    })
    void knowsHowLongItsCapacityTakesToComeBack(RateAlgorithm algorithm, long burst, Duration fillTime) {
        assertThat(new RateLimit("default", 600, MINUTE, algorithm, burst).fillTime())
                .isEqualTo(fillTime);
    }

    @Test
    void roundsUpHowLongItsCapacityTakesToComeBack() {
        assertThat(new RateLimit("default", 3, Duration.ofSeconds(1), RateAlgorithm.LEAKY_BUCKET).fillTime())
                .isEqualTo(Duration.ofNanos(333_334_000));
    }

    @ParameterizedTest
    @CsvSource({
        "SLIDING_WINDOW, 600, 10",
        "FIXED_WINDOW, 600, 10",
        "TOKEN_BUCKET, 600, 10",
        "TOKEN_BUCKET, 50, 50",
        "LEAKY_BUCKET, 1, 1"
    })
    void keepsTheBurstThatItWasGivenWhenItsNumbersChange(RateAlgorithm algorithm, long burst, long after) {
        RateLimit limit = new RateLimit("default", 600, MINUTE, algorithm, burst);

        assertThat(limit.changedTo(10, Duration.ofHours(1)))
                .isEqualTo(new RateLimit("default", 10, Duration.ofHours(1), algorithm, after));
    }
}
