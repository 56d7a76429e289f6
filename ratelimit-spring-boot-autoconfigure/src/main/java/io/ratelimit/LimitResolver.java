package io.ratelimit;

import java.util.List;

/**
 * Decides which limits hold for a key: plans and tiers, overrides for single customers. A bean of this type is asked for every resource
 * that is acquired with a key. Of several beans the first, in their order, that has anything to say counts.
 *
 * <pre>{@code
 * @Bean
 * LimitResolver plans(CustomerRepository customers) {
 *     return (resource, key) -> resource.equals("api") && customers.isPro(key)
 *             ? List.of(RateLimit.of(100, Duration.ofMinutes(1)))
 *             : List.of();
 * }
 * }</pre>
 *
 * <p>What is answered holds for {@code ratelimit.plan-cache}, 10 seconds by default, for up to 10,000 resources and keys. Then it is asked
 * again, so a change takes effect without a restart, and keeps what is used up. It may be slow, such as a query of a
 * database: calls for that key wait for it, on threads that may wait; it is asked once for all of them, on a thread of its own, where
 * nothing of the caller's, such as a transaction or a security context, is there.
 *
 * <p>Where it fails, or answers what does not fit the resource, that is logged, and the limits that it answered last hold on; if there are
 * none, those of the resource.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface LimitResolver {

    /**
     * Returns the limits of a resource for a key, where they are others than the resource's.
     *
     * @param resource the name of the resource; for a pool, of a member
     * @param key the key, as the request gives it
     * @return limits that stand in for those of the resource with the same kind and name, which must be there; the others stay. The lease of a
     *     concurrency limit stays that of the resource. Empty: all stay
     */
    List<Limit> resolve(String resource, String key);

    /**
     * Returns whether this may have anything to say of a resource. Asked with every acquisition, so it must be quick.
     *
     * @param resource the name of the resource
     * @return {@code true} unless overridden
     */
    default boolean concerns(String resource) {
        return true;
    }
}
