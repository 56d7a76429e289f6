package io.ratelimit;

/**
 * A concurrency limit said no: all slots are taken.
 */
public final class ConcurrencyLimitExceededException extends LimitExceededException {

    private static final long serialVersionUID = 1L;

    ConcurrencyLimitExceededException(ConcurrencyLimit limit, Refusal refusal) {
        super(
                "The concurrency limit '%s' of the resource '%s' (%d at once) has too few slots free; retry in about %d ms"
                        .formatted(limit.name(), refusal.resource(), limit.limit(), refusal.retryAfterMillis()),
                refusal);
    }
}
