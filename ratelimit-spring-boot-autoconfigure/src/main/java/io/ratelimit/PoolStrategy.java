package io.ratelimit;

/**
 * In which order a pool asks its members. Whichever it is, an acquisition asks one after the other until one grants it, so the strategy
 * spreads the load and never causes a refusal. Each instance goes by what it knows itself.
 *
 * @since 0.1.0
 */
public enum PoolStrategy {

    /** Each acquisition begins with the member after the one that the last acquisition of this instance began with. The default. */
    ROUND_ROBIN,

    /** Each acquisition asks in an order of its own. */
    RANDOM,

    /** As {@link #RANDOM}, but a member of weight 3 comes first three times as often as one of weight 1. */
    WEIGHTED,

    /**
     * The member with the smallest share of use first: the largest part that is taken of any of its limits, by the last answer that this
     * instance had of it, which is never older than a heartbeat. With a key: the member of which this instance has the fewest open permits.
     * Equals take turns.
     */
    LEAST_LOADED,

    /** In the order of the configuration: the second member gets only what the first has no room for. */
    FIRST_AVAILABLE
}
