package io.ratelimit.web.servlet;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.List;

/** Decisions as a backend would make them. */
final class Limits {

    static final Limit REQUESTS = new RateLimit("requests", 500, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

    static final Limit SLOTS = ConcurrencyLimit.of(10);

    private Limits() {}

    static List<LimitStatus> openai(long used) {
        return List.of(new LimitStatus(REQUESTS, used, Duration.ofMillis(16_200)));
    }

    static List<LimitStatus> postgresPool(long used) {
        return List.of(new LimitStatus(SLOTS, used, Duration.ZERO));
    }

    static LimitExceededException openaiRefusal() {
        return refusal("openai", REQUESTS, Duration.ofMillis(16_200), openai(500));
    }

    static LimitExceededException postgresPoolRefusal() {
        return refusal("postgres-pool", SLOTS, Duration.ofMillis(1), postgresPool(10));
    }

    private static LimitExceededException refusal(
            String resource, Limit violated, Duration retryAfter, List<LimitStatus> limits) {
        return LimitExceededException.of(
                new LimitExceededException.Refusal(resource, List.of(violated), retryAfter, false, false, limits));
    }
}
