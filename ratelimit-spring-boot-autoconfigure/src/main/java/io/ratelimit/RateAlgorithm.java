package io.ratelimit;

/**
 * How a {@link RateLimit} of {@code limit} per {@code window} counts, and what it guarantees: about amounts as they were in the end, after
 * {@linkplain Permit#update updates}. What an update charges above what there was room for is debt, which is paid before anybody else is
 * admitted.
 *
 * @since 0.1.0
 */
public enum RateAlgorithm {

    /**
     * Never more than the limit in <em>any</em> window of the given length. The default. Up to 64 events are remembered
     * exactly; beyond that, neighbouring events are counted as one that happened at the later time, so the limit errs on
     * the strict side by less than 1/64 of the window. A refund counts while its charge is in the window.
     */
    SLIDING_WINDOW,

    /**
     * Never more than the limit in one window; the first window begins with a request, the next one with the first request after it
     * has ended. So there can be up to twice the limit in a time of one window, across a border. The cheapest one. A refund counts
     * while the window of its charge lasts.
     */
    FIXED_WINDOW,

    /**
     * A bucket of {@linkplain RateLimit#burst() burst} tokens that is filled evenly, by {@code limit} in each {@code window}: in any time
     * {@code t} never more than {@code burst + limit * t / window}. A burst as big as the limit is the default, which lets up to twice
     * the limit through in one window; a smaller one evens out the traffic. A refund counts as far as its charge would not have flown off
     * meanwhile: what overflowed the bucket is lost.
     */
    TOKEN_BUCKET,

    /**
     * The same with a burst of 1 by default: evenly spaced, one each {@code window / limit}. An amount above 1 needs a
     * {@linkplain RateLimit#burst() burst} of at least that.
     */
    LEAKY_BUCKET;

    /**
     * Returns whether a limit with this algorithm has a burst of its own.
     *
     * @return whether it is a bucket
     */
    public boolean isBucket() {
        return this == TOKEN_BUCKET || this == LEAKY_BUCKET;
    }
}
