package io.ratelimit;

/**
 * The two kinds of limits that a resource can carry.
 *
 * @since 0.1.0
 */
public enum LimitKind {

    /** How often: a {@link RateLimit}. What it takes comes back by time alone. */
    RATE,

    /** How many at once: a {@link ConcurrencyLimit}. What it takes comes back when the permit is closed. */
    CONCURRENCY
}
