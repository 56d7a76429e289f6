package io.ratelimit.engine;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitRequest.AmountOf;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefinition;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request, checked against the definition of its resource.
 *
 * @param terms the resource, and since when its limits hold for the key
 * @param key whose share it is
 * @param amounts how much of each limit, in the order of the definition
 * @param policy what happens if there is no permit
 * @param maxWait how long it waits at most; zero unless the policy is {@link LimitPolicy#BLOCK}
 * @param priority its place in the queue
 * @param ticket identifies it; empty as long as no backend has to be asked: refusals that are known of need none
 * @param startNanos when it began
 */
record Acquisition(
        Terms terms,
        @Nullable String key,
        List<Long> amounts,
        LimitPolicy policy,
        Duration maxWait,
        int priority,
        String ticket,
        long startNanos) {

    private static final String NO_TICKET = "";

    /** Checks a request; what this returns has no ticket yet, for which it has to be asked of a backend. */
    static Acquisition of(LimitRequest request, Terms terms, long startNanos) {
        ResourceDefinition definition = terms.definition();
        if (definition.key() != null && request.key() == null) {
            throw new IllegalArgumentException(
                    "The resource '%s' has a key in its configuration; a request for it needs one: LimitRequest.of(\"%s\").key(..)"
                            .formatted(definition.name(), definition.name()));
        }
        requireKnown(request, definition);
        Long[] asked = new Long[definition.limits().size()];
        long sum = 0;
        for (int i = 0; i < asked.length; i++) {
            asked[i] = amount(request, definition, definition.limits().get(i));
            sum += asked[i];
        }
        List<Long> amounts = List.of(asked);
        if (sum == 0) {
            throw new IllegalArgumentException(
                    "A request for the resource '%s' takes nothing: it asks for the kinds %s and the amounts %s"
                            .formatted(definition.name(), request.kinds(), request.amounts()));
        }
        LimitPolicy policy = policy(request, definition);
        return new Acquisition(
                terms,
                request.key(),
                amounts,
                policy,
                (policy == LimitPolicy.BLOCK) ? maxWait(request, definition) : Duration.ZERO,
                request.priority(),
                NO_TICKET,
                startNanos);
    }

    ResourceDefinition definition() {
        return this.terms.definition();
    }

    /** A request that says how long it waits wants to wait, whatever the resource's policy, unless that only observes. */
    private static LimitPolicy policy(LimitRequest request, ResourceDefinition definition) {
        if (request.policy() != LimitPolicy.INHERIT) {
            return request.policy();
        }
        return (request.maxWait() == null || definition.policy() == LimitPolicy.OBSERVE)
                ? definition.policy()
                : LimitPolicy.BLOCK;
    }

    private static Duration maxWait(LimitRequest request, ResourceDefinition definition) {
        Duration maxWait = (request.maxWait() != null) ? request.maxWait() : definition.maxWait();
        if (maxWait == null) {
            throw new IllegalArgumentException(
                    "A request for the resource '%s' waits under the policy BLOCK, but nothing says how long: call maxWait(..) or set 'ratelimit.resources.%s.max-wait'"
                            .formatted(definition.name(), definition.name()));
        }
        return maxWait;
    }

    /** Returns the same with another ticket, for another backend: what the first one still says of the old ticket is not about this. */
    Acquisition again() {
        return with(this.ticket + "-again");
    }

    /** Returns the same with a ticket. */
    Acquisition with(String ticket) {
        return new Acquisition(
                this.terms, this.key, this.amounts, this.policy, this.maxWait, this.priority, ticket, this.startNanos);
    }

    /** Returns the same, but as one that is refused where it would wait or go on without a permit. */
    Acquisition atOnce() {
        return new Acquisition(
                this.terms,
                this.key,
                this.amounts,
                LimitPolicy.REJECT,
                Duration.ZERO,
                this.priority,
                this.ticket,
                this.startNanos);
    }

    /** Returns its key as it is stored and shown. */
    Optional<String> storedKey() {
        return Optional.ofNullable(Partitions.stored(definition(), this.key));
    }

    /** Returns how long it may still wait. */
    long waitLeftNanos(long nowNanos) {
        return Math.max(0, this.startNanos + this.maxWait.toNanos() - nowNanos);
    }

    /** Returns whether it may wait. */
    boolean waits() {
        return !this.maxWait.isZero();
    }

    private static void requireKnown(LimitRequest request, ResourceDefinition definition) {
        for (AmountOf what : request.amounts().keySet()) {
            if (what.limitName() != null && definition.limits().stream().noneMatch(what::isAbout)) {
                throw new IllegalArgumentException("The resource '%s' has no %s. Its limits: %s"
                        .formatted(
                                definition.name(),
                                what,
                                definition.limits().stream().map(Limit::name).toList()));
            }
        }
    }

    private static long amount(LimitRequest request, ResourceDefinition definition, Limit limit) {
        long amount = request.amountOf(limit);
        if (amount > limit.capacity()) {
            throw new AboveCapacityException(
                    "The amount %d is above the capacity %d of the limit '%s' of the resource '%s'"
                            .formatted(amount, limit.capacity(), limit.name(), definition.name()));
        }
        return amount;
    }

    /**
     * Returns the place of a rate limit.
     *
     * @throws IllegalArgumentException if there is none of that name, or so much cannot have been used
     */
    int rateLimit(String name, long actual) {
        RateLimit.checkActual(name, actual);
        List<Limit> limits = definition().limits();
        boolean isKnown = false;
        for (int i = 0; i < limits.size(); i++) {
            isKnown |= limits.get(i).name().equals(name);
            if (limits.get(i).name().equals(name) && limits.get(i).kind() == LimitKind.RATE) {
                return i;
            }
        }
        throw new IllegalArgumentException(
                isKnown
                        ? "The limit '%s' of the resource '%s' is a concurrency limit; its slots are freed when the permit is closed"
                                .formatted(name, definition().name())
                        : "The resource '%s' has no rate limit named '%s'. Its rate limits: %s"
                                .formatted(definition().name(), name, namesOf(limits, LimitKind.RATE)));
    }

    private static List<String> namesOf(List<Limit> limits, LimitKind kind) {
        return limits.stream()
                .filter((limit) -> limit.kind() == kind)
                .map(Limit::name)
                .toList();
    }

    /** Returns how long slots of this resource, or its places in the queue, are kept at most without a sign of life. */
    Duration longestLease(Duration atLeast) {
        Duration longest = atLeast;
        for (Limit limit : definition().limits()) {
            if (limit instanceof ConcurrencyLimit slots && slots.lease().compareTo(longest) > 0) {
                longest = slots.lease();
            }
        }
        return longest;
    }

    /** Returns how many slots this takes, over all concurrency limits. */
    long slots() {
        long slots = 0;
        for (int i = 0; i < this.amounts.size(); i++) {
            if (definition().limits().get(i).kind() == LimitKind.CONCURRENCY) {
                slots += this.amounts.get(i);
            }
        }
        return slots;
    }
}
