package io.ratelimit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an operator has changed of a resource at run time, on all instances. It outranks the configuration, annotations and requests.
 * Immutable.
 *
 * @param limits other numbers for limits that the resource has, at most one for each
 * @param policy what happens to every call that finds no permit; {@code null}: not changed; never {@link LimitPolicy#INHERIT}
 * @param maxWait how long calls wait at most under {@link LimitPolicy#BLOCK}, whatever they ask for, from 1 ms to 365 days;
 *     {@code null}: not changed
 * @param enabled {@code false}: calls go on without asking, as if the resource had no limits; {@code null}: not changed
 * @since 0.1.0
 */
public record ResourceOverride(
        List<LimitOverride> limits,
        @Nullable LimitPolicy policy,
        @Nullable Duration maxWait,
        @Nullable Boolean enabled) {

    /** Nothing is changed. */
    public static final ResourceOverride NONE = new ResourceOverride(List.of(), null, null, null);

    /**
     * Checks the values and copies the list.
     *
     * @param limits other numbers for limits
     * @param policy what happens to every call that finds no permit
     * @param maxWait how long calls wait at most
     * @param enabled whether calls are limited at all
     * @throws IllegalArgumentException if a value makes no sense
     */
    public ResourceOverride {
        limits = List.copyOf(limits);
        if (policy == LimitPolicy.INHERIT) {
            throw new IllegalArgumentException(
                    "The policy of a resource cannot be changed to INHERIT: there is nothing to inherit from");
        }
        WaitBounds.checkConfigured("a resource", maxWait, ResourceDefaults.DEFAULT_MAX_QUEUE);
    }

    /**
     * Returns whether nothing is changed.
     *
     * @return whether this equals {@link #NONE}
     */
    public boolean isEmpty() {
        return equals(NONE);
    }

    /**
     * Returns whether calls are limited.
     *
     * @return {@code false} only if an operator has switched the resource's limits off
     */
    public boolean limiting() {
        return !Boolean.FALSE.equals(this.enabled);
    }

    /**
     * Returns these changes and later ones, which win.
     *
     * @param later what is changed later
     * @return both together
     */
    public ResourceOverride and(ResourceOverride later) {
        List<LimitOverride> both = new ArrayList<>();
        for (LimitOverride limit : this.limits) {
            both.add(later.find(limit.kind(), limit.name()).map(limit::and).orElse(limit));
        }
        later.limits().stream()
                .filter((limit) -> find(limit.kind(), limit.name()).isEmpty())
                .forEach(both::add);
        return new ResourceOverride(
                both,
                later.policy() != null ? later.policy() : this.policy,
                later.maxWait() != null ? later.maxWait() : this.maxWait,
                later.enabled() != null ? later.enabled() : this.enabled);
    }

    /**
     * Returns a definition with these changes.
     *
     * @param configured the definition without them
     * @return the definition that holds
     * @throws IllegalArgumentException if the resource has no such limit, a value is out of its range, or calls would wait without an end
     */
    public ResourceDefinition applyTo(ResourceDefinition configured) {
        this.limits.forEach((limit) -> limit.requireIn(configured));
        List<Limit> changed = configured.limits().stream()
                .map((limit) -> find(limit.kind(), limit.name())
                        .map((own) -> own.applyTo(limit))
                        .orElse(limit))
                .toList();
        Duration wait = this.maxWait != null ? this.maxWait : configured.maxWait();
        LimitPolicy rule = this.policy != null ? this.policy : configured.policy();
        if (rule == LimitPolicy.BLOCK && wait == null) {
            throw new IllegalArgumentException(
                    "Calls of the resource '%s' would wait without an end under the policy block: give a max-wait too"
                            .formatted(configured.name()));
        }
        return configured.overridden(changed, rule, wait);
    }

    /**
     * Returns a request with these changes: an operator's policy and longest wait count whatever a caller asks for, but for a call that
     * never waits.
     *
     * @param request the request
     * @return the request that holds
     */
    public LimitRequest applyTo(LimitRequest request) {
        if (this.policy == null && this.maxWait == null) {
            return request;
        }
        LimitPolicy rule = this.policy != null ? this.policy : request.policy();
        boolean mayWait = rule == LimitPolicy.BLOCK || rule == LimitPolicy.INHERIT;
        return new LimitRequest(
                request.resource(),
                request.key(),
                request.amounts(),
                rule,
                request.kinds(),
                mayWait ? longestWait(request.maxWait()) : null,
                request.priority());
    }

    private @Nullable Duration longestWait(@Nullable Duration asked) {
        boolean changed = this.maxWait != null && asked != null && !asked.isZero();
        return changed ? this.maxWait : asked;
    }

    private Optional<LimitOverride> find(LimitKind kind, String name) {
        return this.limits.stream()
                .filter((limit) -> limit.kind() == kind && limit.name().equals(name))
                .findFirst();
    }

    /**
     * Other numbers for one limit.
     *
     * @param kind the kind of the limit
     * @param name its name
     * @param limit how much may be taken: per window, or at once; {@code null}: not changed
     * @param window the window of a rate limit; {@code null}: not changed
     */
    public record LimitOverride(
            LimitKind kind,
            String name,
            @Nullable Long limit,
            @Nullable Duration window) {

        /**
         * Checks the values.
         *
         * @param kind the kind of the limit
         * @param name its name
         * @param limit how much may be taken
         * @param window the window of a rate limit
         * @throws IllegalArgumentException if slots are given a window
         */
        public LimitOverride {
            if (kind == LimitKind.CONCURRENCY && window != null) {
                throw new IllegalArgumentException("The concurrency limit '%s' has no window".formatted(name));
            }
        }

        private LimitOverride and(LimitOverride later) {
            return new LimitOverride(
                    this.kind,
                    this.name,
                    later.limit() != null ? later.limit() : this.limit,
                    later.window() != null ? later.window() : this.window);
        }

        private void requireIn(ResourceDefinition definition) {
            if (!isIn(definition)) {
                throw new IllegalArgumentException("The resource '%s' has no %s limit named '%s'. Its limits: %s"
                        .formatted(
                                definition.name(),
                                this.kind.name().toLowerCase(Locale.ROOT),
                                this.name,
                                definition.limits().stream().map(Limit::name).toList()));
            }
        }

        /**
         * Returns whether a resource has this limit.
         *
         * @param definition the resource
         * @return whether it has
         */
        public boolean isIn(ResourceDefinition definition) {
            return definition.limits().stream()
                    .anyMatch(
                            (limit) -> limit.kind() == this.kind && limit.name().equals(this.name));
        }

        private Limit applyTo(Limit configured) {
            long number = Objects.requireNonNullElse(this.limit, configured.limit());
            if (configured instanceof RateLimit rate) {
                Duration length = Objects.requireNonNullElse(this.window, rate.window());
                return rate.changedTo(number, length);
            }
            ConcurrencyLimit slots = (ConcurrencyLimit) configured;
            return new ConcurrencyLimit(slots.name(), number, slots.lease(), slots.maxHold());
        }
    }
}
