package io.ratelimit;

/**
 * A rate limit said no: it was used too often within its window.
 */
public final class RateLimitExceededException extends LimitExceededException {

    private static final long serialVersionUID = 1L;

    RateLimitExceededException(RateLimit limit, Refusal refusal) {
        super(
                "The rate limit '%s' of the resource '%s' (%d per %s) is used up; retry in %d ms"
                        .formatted(
                                limit.name(),
                                refusal.resource(),
                                limit.limit(),
                                limit.window(),
                                refusal.retryAfterMillis()),
                refusal);
    }
}
