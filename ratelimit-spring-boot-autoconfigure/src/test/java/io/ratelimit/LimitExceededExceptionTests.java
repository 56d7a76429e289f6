package io.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitExceededException.Refusal;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LimitExceededExceptionTests {

    private static final Limit REQUESTS = RateLimit.of(500, Duration.ofMinutes(1));

    private static final Limit SLOTS = ConcurrencyLimit.of(10);

    @Test
    void saysWhichLimitRefusedAndWhenToComeAgain() {
        assertThat(refusal(REQUESTS, false))
                .isInstanceOf(RateLimitExceededException.class)
                .hasMessage(
                        "The rate limit 'default' of the resource 'openai' (500 per PT1M) is used up; retry in 17 ms");
        assertThat(refusal(SLOTS, false))
                .isInstanceOf(ConcurrencyLimitExceededException.class)
                .hasMessage(
                        "The concurrency limit 'default' of the resource 'openai' (10 at once) has too few slots free; retry in about 17 ms");
    }

    @Test
    void saysThatAWaitWasInVain() {
        assertThat(refusal(REQUESTS, true))
                .isInstanceOf(RateLimitExceededException.class)
                .hasMessage(
                        "The wait for the rate limit 'default' of the resource 'openai' (500 per PT1M) was in vain; retry in about 17 ms");
        assertThat(refusal(SLOTS, true))
                .isInstanceOf(ConcurrencyLimitExceededException.class)
                .hasMessage(
                        "The wait for the concurrency limit 'default' of the resource 'openai' (10 at once) was in vain; retry in about 17 ms");
    }

    @Test
    void saysThatTheQueueWasFull() {
        assertThat(full(REQUESTS))
                .hasMessage(
                        "The queue for the rate limit 'default' of the resource 'openai' (500 per PT1M) is full; retry in about 17 ms");
        assertThat(full(SLOTS))
                .hasMessage(
                        "The queue for the concurrency limit 'default' of the resource 'openai' (10 at once) is full; retry in about 17 ms");
        assertThat(full(SLOTS).queueFull()).isTrue();
        assertThat(refusal(SLOTS, false).queueFull()).isFalse();
    }

    @Test
    void knowsWhetherItWaited() {
        assertThat(refusal(SLOTS, true).timedOut()).isTrue();
        assertThat(refusal(SLOTS, false).timedOut()).isFalse();
    }

    private static LimitExceededException refusal(Limit violated, boolean timedOut) {
        return LimitExceededException.of(
                new Refusal("openai", List.of(violated), Duration.ofNanos(16_000_001), timedOut, false, List.of()));
    }

    private static LimitExceededException full(Limit violated) {
        return LimitExceededException.of(
                new Refusal("openai", List.of(violated), Duration.ofNanos(16_000_001), false, true, List.of()));
    }
}
