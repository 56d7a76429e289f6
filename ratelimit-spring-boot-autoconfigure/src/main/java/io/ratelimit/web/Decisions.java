package io.ratelimit.web;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was decided so far in one HTTP request: how the limits of each resource stood when it was last acquired. Immutable.
 *
 * <p>A response calls a limit by its name, and a limit named {@code default} by the name of its resource. If another limit of
 * the response has that name already, then
 *
 * <ul>
 *   <li>a concurrency limit beside a rate limit of the same resource gets {@code -concurrency} appended: {@code postgres-pool} and
 *       {@code postgres-pool-concurrency}
 *   <li>a limit of a resource decided later gets the resource's name in front: {@code requests} and {@code openai.requests}
 *   <li>whatever is still taken gets a number: {@code openai.requests-2}
 * </ul>
 *
 * @since 0.1.0
 */
public final class Decisions {

    /** Nothing was decided yet. */
    public static final Decisions NONE = new Decisions(Map.of());

    private final Map<String, List<LimitStatus>> limitsByResource;

    private Decisions(Map<String, List<LimitStatus>> limitsByResource) {
        this.limitsByResource = limitsByResource;
    }

    /**
     * Adds a decision. It replaces an earlier one on the same resource.
     *
     * @param resource the name of the resource
     * @param limits how its limits stand; empty, if the backend could not be asked, changes nothing
     * @return these decisions and the new one
     */
    public Decisions with(String resource, List<LimitStatus> limits) {
        if (limits.isEmpty()) {
            return this;
        }
        Map<String, List<LimitStatus>> more = new LinkedHashMap<>(this.limitsByResource);
        more.put(resource, List.copyOf(limits));
        return new Decisions(more);
    }

    List<Policy> policies() {
        PolicyNames names = new PolicyNames();
        List<Policy> policies = new ArrayList<>();
        this.limitsByResource.forEach((resource, limits) -> limits.forEach(
                (status) -> policies.add(new Policy(names.next(resource, status.limit()), resource, status))));
        return policies;
    }

    List<String> policyNames(String resource, List<Limit> limits) {
        List<Policy> policies = policies();
        return limits.stream()
                .map((limit) -> policies.stream()
                        .filter((policy) -> policy.isOf(resource, limit))
                        .findFirst()
                        .map(Policy::name)
                        .orElseGet(() -> PolicyNames.plain(resource, limit)))
                .toList();
    }
}
