package io.ratelimit;

/**
 * Is told of one call that waits in line. Must be quick and must not block; what it throws is logged and dropped.
 *
 * @since 0.1.0
 */
public interface WaitListener {

    /** Does nothing. */
    WaitListener NONE = new WaitListener() {};

    /**
     * The call has to wait, from now on. Not called for one that is answered at once.
     */
    default void began() {}

    /**
     * The wait that began is over.
     *
     * @param outcome how it ended
     */
    default void ended(AcquireOutcome outcome) {}
}
