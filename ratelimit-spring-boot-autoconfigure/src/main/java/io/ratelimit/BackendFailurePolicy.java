package io.ratelimit;

/**
 * What happens to a call while the backend cannot be asked.
 *
 * @since 0.1.0
 */
public enum BackendFailurePolicy {

    /**
     * Each instance enforces the limits alone, from memory, at its share: the limit divided by the number of live instances
     * last seen, at least 1. The default.
     */
    LOCAL,

    /** The call goes on without a permit. */
    ALLOW,

    /** The call fails with a {@link BackendUnavailableException}, over HTTP with 503. */
    REJECT
}
