package io.ratelimit;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A name that spreads acquisitions over several resources, such as accounts or regions. Immutable. A name that is not allowed, no
 * member, a member that is named twice or is the pool itself, and weights that count for nothing or are below 1 are
 * {@link IllegalArgumentException}s.
 *
 * @param name the name, which may be used wherever that of a resource may: 1 to 128 of the characters {@code A-Z a-z 0-9 . _ - $}
 * @param resources the names of its members, at least one
 * @param strategy in which order they are asked
 * @param weights how often which member comes first, from 1 to 1000, under {@link PoolStrategy#WEIGHTED}; 1 for those that are not named
 * @since 0.1.0
 */
public record PoolDefinition(String name, List<String> resources, PoolStrategy strategy, Map<String, Integer> weights) {

    private static final int HIGHEST_WEIGHT = 1000;

    /**
     * Checks the values and copies the collections.
     *
     * @param name the name
     * @param resources the names of its members
     * @param strategy in which order they are asked
     * @param weights how often which member comes first
     * @throws IllegalArgumentException if there is no member, or a value makes no sense
     */
    public PoolDefinition {
        Names.checkResource(name);
        resources = List.copyOf(resources);
        weights = Map.copyOf(weights);
        if (resources.isEmpty()) {
            throw new IllegalArgumentException("The pool '%s' has no members".formatted(name));
        }
        Set<String> seen = new HashSet<>();
        for (String resource : resources) {
            if (resource.equals(name)) {
                throw new IllegalArgumentException("The pool '%s' is a member of itself".formatted(name));
            }
            if (!seen.add(resource)) {
                throw new IllegalArgumentException("The pool '%s' has the member '%s' twice".formatted(name, resource));
            }
        }
        checkWeights(name, seen, strategy, weights);
    }

    private static void checkWeights(
            String name, Set<String> resources, PoolStrategy strategy, Map<String, Integer> weights) {
        if (!weights.isEmpty() && strategy != PoolStrategy.WEIGHTED) {
            throw new IllegalArgumentException(
                    "The pool '%s' has weights, which count under the strategy WEIGHTED only; its strategy is %s"
                            .formatted(name, strategy));
        }
        weights.forEach((resource, weight) -> {
            if (!resources.contains(resource)) {
                throw new IllegalArgumentException(
                        "The pool '%s' has a weight for '%s', which is not a member of it".formatted(name, resource));
            }
            Ranges.check(weight, 1, HIGHEST_WEIGHT, () -> "weight of '%s' in the pool '%s'".formatted(resource, name));
        });
    }

    /**
     * Returns how often a member comes first, compared with the others.
     *
     * @param resource the name of the member
     * @return the weight, 1 if none is given
     */
    public int weight(String resource) {
        return this.weights.getOrDefault(resource, 1);
    }
}
