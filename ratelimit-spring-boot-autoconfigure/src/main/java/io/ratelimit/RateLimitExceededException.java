package io.ratelimit;

/**
 * A rate limit said no: it was used too often within its window, and the turn of the call did not come in time if it waited.
 *
 * @since 0.1.0
 */
public final class RateLimitExceededException extends LimitExceededException {

    private static final long serialVersionUID = 1L;

    RateLimitExceededException(RateLimit limit, Refusal refusal) {
        super(
                refusal.format(
                                "The rate limit '%s' of the resource '%s' (%d per %s) is used up; retry in %d ms",
                                "The wait for the rate limit '%s' of the resource '%s' (%d per %s) was in vain; retry in about %d ms",
                                "The queue for the rate limit '%s' of the resource '%s' (%d per %s) is full; retry in about %d ms")
                        .formatted(
                                limit.name(),
                                refusal.resource(),
                                limit.limit(),
                                limit.window(),
                                refusal.retryAfterMillis()),
                refusal);
    }
}
