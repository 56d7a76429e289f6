package io.ratelimit;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A named thing to protect and how: its limits and what happens at them. Immutable. No limit, a name that is used twice or not
 * allowed, a value out of its range, and the policy {@link LimitPolicy#INHERIT} are {@link IllegalArgumentException}s.
 *
 * @param name the name, 1 to 128 of the characters {@code A-Z a-z 0-9 . _ - $}
 * @param limits the limits, at least one, rate limits first; names are unique within a kind
 * @param key SpEL expression whose value says whose share it is; {@code null}: one share for all
 * @param policy what happens to a call that finds no permit; never {@link LimitPolicy#INHERIT}
 * @param maxWait how long a call waits at most under {@link LimitPolicy#BLOCK}, from 1 ms to 365 days; {@code null}: nothing is
 *     configured, so every request that waits must say it
 * @param maxQueue how many calls may wait, for each key if there is one, from 1 to 1,000,000; the next is refused at once
 * @param onBackendFailure what happens to a call while the backend cannot be asked
 * @param hashKeys whether keys are stored and shown only as hashes; keys over 128 bytes always are
 * @param perInstance whether each instance keeps its own count in memory instead of sharing one
 * @param attributes what a permit tells its holder of the resource, such as a region
 * @since 0.1.0
 */
public record ResourceDefinition(
        String name,
        List<Limit> limits,
        @Nullable String key,
        LimitPolicy policy,
        @Nullable Duration maxWait,
        int maxQueue,
        BackendFailurePolicy onBackendFailure,
        boolean hashKeys,
        boolean perInstance,
        Map<String, String> attributes) {

    /**
     * Checks the values and copies the collections.
     *
     * @param name the name
     * @param limits the limits
     * @param key SpEL expression whose value says whose share it is
     * @param policy what happens to a call that finds no permit
     * @param maxWait how long a call waits at most
     * @param maxQueue how many calls may wait
     * @param onBackendFailure what happens to a call while the backend cannot be asked
     * @param hashKeys whether keys are stored and shown only as hashes
     * @param perInstance whether each instance keeps its own count in memory instead of sharing one
     * @param attributes what a permit tells its holder of the resource
     * @throws IllegalArgumentException if there is no limit, or a value makes no sense
     */
    public ResourceDefinition {
        Names.checkResource(name);
        if (limits.isEmpty()) {
            throw new IllegalArgumentException("The resource '%s' has no limit".formatted(name));
        }
        if (policy == LimitPolicy.INHERIT) {
            throw new IllegalArgumentException(
                    "The policy of the resource '%s' cannot be INHERIT: there is nothing to inherit from"
                            .formatted(name));
        }
        WaitBounds.checkConfigured("the resource '" + name + "'", maxWait, maxQueue);
        limits = List.copyOf(Stream.concat(ofKind(limits, LimitKind.RATE), ofKind(limits, LimitKind.CONCURRENCY))
                .toList());
        Set<String> seen = new HashSet<>();
        for (Limit limit : limits) {
            if (!seen.add(limit.kind() + limit.name())) {
                throw new IllegalArgumentException(
                        "The resource '%s' has two limits named '%s'".formatted(name, limit.name()));
            }
        }
        attributes = Map.copyOf(attributes);
    }

    /**
     * Makes a definition with nothing but limits; everything else is the default.
     *
     * @param name the name
     * @param limits the limits
     * @return the definition
     */
    public static ResourceDefinition of(String name, Limit... limits) {
        return of(name, ResourceDefaults.STANDARD, limits);
    }

    /**
     * Makes a definition with nothing but limits; everything else is as the given defaults say.
     *
     * @param name the name
     * @param defaults what holds for what is not said
     * @param limits the limits
     * @return the definition
     */
    public static ResourceDefinition of(String name, ResourceDefaults defaults, Limit... limits) {
        return new ResourceDefinition(
                name,
                List.of(limits),
                null,
                defaults.policy(),
                defaults.maxWait(),
                defaults.maxQueue(),
                defaults.onBackendFailure(),
                false,
                false,
                Map.of());
    }

    /**
     * Returns whether the resource carries a limit of a kind.
     *
     * @param kind the kind
     * @return whether there is at least one
     */
    public boolean has(LimitKind kind) {
        return ofKind(this.limits, kind).findAny().isPresent();
    }

    /**
     * Returns this definition with one limit more.
     *
     * @param limit the limit to add
     * @return the new definition
     */
    public ResourceDefinition with(Limit limit) {
        return limits(Stream.concat(this.limits.stream(), Stream.of(limit)).toList());
    }

    /**
     * Returns this definition with other limits.
     *
     * @param limits the limits, at least one
     * @return the new definition
     * @throws IllegalArgumentException if there is none, or two have the same kind and name
     */
    public ResourceDefinition limits(List<Limit> limits) {
        return new ResourceDefinition(
                this.name,
                limits,
                this.key,
                this.policy,
                this.maxWait,
                this.maxQueue,
                this.onBackendFailure,
                this.hashKeys,
                this.perInstance,
                this.attributes);
    }

    /**
     * Returns this definition with other bounds for waiting. The policy stays as it is.
     *
     * @param maxWait how long a call waits at most; {@code null}: nothing is configured
     * @param maxQueue how many calls may wait
     * @return the new definition
     * @throws IllegalArgumentException if one of them is out of its range
     */
    public ResourceDefinition waiting(@Nullable Duration maxWait, int maxQueue) {
        return new ResourceDefinition(
                this.name,
                this.limits,
                this.key,
                this.policy,
                maxWait,
                maxQueue,
                this.onBackendFailure,
                this.hashKeys,
                this.perInstance,
                this.attributes);
    }

    ResourceDefinition overridden(List<Limit> otherLimits, LimitPolicy otherPolicy, @Nullable Duration otherMaxWait) {
        return new ResourceDefinition(
                this.name,
                otherLimits,
                this.key,
                otherPolicy,
                otherMaxWait,
                this.maxQueue,
                this.onBackendFailure,
                this.hashKeys,
                this.perInstance,
                this.attributes);
    }

    private static Stream<Limit> ofKind(List<Limit> limits, LimitKind kind) {
        return limits.stream().filter((limit) -> limit.kind() == kind);
    }
}
