package io.ratelimit;

/**
 * How an acquisition ended.
 *
 * @since 0.1.0
 */
public enum AcquireOutcome {

    /** A permit was granted. */
    ACQUIRED,

    /** A limit said no at once. */
    REJECTED,

    /** The call waited and its time ran out. */
    TIMEOUT,

    /** The caller gave up: interrupted or cancelled. */
    CANCELLED,

    /** A limit said no and the call went on, because the policy is {@link LimitPolicy#OBSERVE}. */
    OBSERVED,

    /** The backend could not be asked, and the call failed. */
    ERROR,

    /** The backend could not be asked, and the call went on without a permit. */
    BYPASSED
}
