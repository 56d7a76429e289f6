package io.ratelimit;

import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Checks pools against the resources that they name.
 */
final class PoolChecks {

    private PoolChecks() {}

    /**
     * Returns pools by name, in order.
     *
     * @throws LimitConfigurationException if one does not fit the resources or the other pools
     */
    static Map<String, PoolDefinition> byName(
            Collection<PoolDefinition> pools, Map<String, ResourceDefinition> resources) {
        Map<String, PoolDefinition> byName = new TreeMap<>();
        for (PoolDefinition pool : pools) {
            if (resources.containsKey(pool.name()) || byName.put(pool.name(), pool) != null) {
                throw new LimitConfigurationException(
                        "The pool '%s' has the name of another resource or pool.".formatted(pool.name()),
                        "Rename one of the two.");
            }
        }
        pools.forEach((pool) -> check(pool, byName, resources));
        return Collections.unmodifiableMap(byName);
    }

    private static void check(
            PoolDefinition pool, Map<String, PoolDefinition> pools, Map<String, ResourceDefinition> resources) {
        for (String member : pool.resources()) {
            if (pools.containsKey(member)) {
                throw new LimitConfigurationException(
                        "The pool '%s' has the member '%s', which is a pool itself.".formatted(pool.name(), member),
                        "Name the resources of '%s' instead.".formatted(member));
            }
            if (!resources.containsKey(member)) {
                throw new LimitConfigurationException(
                        "The pool '%s' has the member '%s', but there is no resource of that name. Known resources: %s."
                                .formatted(
                                        pool.name(),
                                        member,
                                        resources.isEmpty()
                                                ? "none"
                                                : String.join(", ", new TreeSet<>(resources.keySet()))),
                        "Correct the name, or define the resource under 'ratelimit.resources.%s'.".formatted(member));
            }
        }
        checkPolicies(pool, resources);
    }

    /** An acquisition that none of its members can grant at once is refused, waits or goes on: one of the three. */
    private static void checkPolicies(PoolDefinition pool, Map<String, ResourceDefinition> resources) {
        Map<String, LimitPolicy> policies = new TreeMap<>();
        for (String member : pool.resources()) {
            policies.put(member, Objects.requireNonNull(resources.get(member)).policy());
        }
        if (policies.values().stream().distinct().count() > 1) {
            throw new LimitConfigurationException(
                    "The members of the pool '%s' have different policies: %s."
                            .formatted(
                                    pool.name(),
                                    policies.entrySet().stream()
                                            .map((policy) -> policy.getKey() + " has " + policy.getValue())
                                            .collect(Collectors.joining(", "))),
                    "Give them all the same.");
        }
    }
}
