package io.ratelimit;

/**
 * A concurrency limit said no: too few slots were free, and none came free in time if the call waited.
 *
 * @since 0.1.0
 */
public final class ConcurrencyLimitExceededException extends LimitExceededException {

    private static final long serialVersionUID = 1L;

    ConcurrencyLimitExceededException(ConcurrencyLimit limit, Refusal refusal) {
        super(
                refusal.format(
                                "The concurrency limit '%s' of the resource '%s' (%d at once) has too few slots free; retry in about %d ms",
                                "The wait for the concurrency limit '%s' of the resource '%s' (%d at once) was in vain; retry in about %d ms",
                                "The queue for the concurrency limit '%s' of the resource '%s' (%d at once) is full; retry in about %d ms")
                        .formatted(limit.name(), refusal.resource(), limit.limit(), refusal.retryAfterMillis()),
                refusal);
    }
}
