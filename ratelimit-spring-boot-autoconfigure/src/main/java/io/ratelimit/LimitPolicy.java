package io.ratelimit;

/**
 * What happens to a call that finds no permit.
 *
 * @since 0.1.0
 */
public enum LimitPolicy {

    /** As the resource's configuration says, which is {@link #REJECT} unless it says something else. */
    INHERIT,

    /** The call is refused at once with a {@link LimitExceededException}; nothing is charged and nothing held. */
    REJECT,

    /**
     * The call waits its turn, first come, first served across all instances, for as long as the max wait of the request says,
     * else that of the resource. Then it is refused, and at once if the queue is full or a rate limit opens only after that time. A higher
     * {@linkplain LimitRequest#priority() priority} goes first.
     */
    BLOCK,

    /**
     * The call takes a permit where there is one, else goes on without; what would have been refused is counted in the
     * meters. For trying a limit out in production.
     */
    OBSERVE
}
