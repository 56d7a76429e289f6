package io.ratelimit;

/**
 * One named limit of a resource: how often or how many at once. Immutable.
 *
 * @see ResourceDefinition
 * @since 0.1.0
 */
public sealed interface Limit permits RateLimit, ConcurrencyLimit {

    /** The name of a resource's only limit of a kind, where none was given. */
    String DEFAULT_NAME = "default";

    /**
     * Returns the name, unique among the limits of the same kind of one resource.
     *
     * @return the name, such as {@code default} or {@code tokens}
     */
    String name();

    /**
     * Returns how much may be taken: per window, or at once.
     *
     * @return the limit, at least 1
     */
    long limit();

    /**
     * Returns which kind of limit this is.
     *
     * @return the kind
     */
    LimitKind kind();

    /**
     * Returns the most that one acquisition can ever take: the limit, or the burst of a bucket.
     *
     * @return the capacity, at least 1
     */
    default long capacity() {
        return limit();
    }
}
