package io.ratelimit;

/**
 * How a {@link RateLimit} counts.
 */
public enum RateAlgorithm {

    /**
     * Never more than the limit in <em>any</em> window of the given length. The default. Up to 64 events are remembered
     * exactly; beyond that, neighbouring events are counted as one that happened at the later time, so the limit errs on
     * the strict side by less than 1/64 of the window.
     */
    SLIDING_WINDOW
}
