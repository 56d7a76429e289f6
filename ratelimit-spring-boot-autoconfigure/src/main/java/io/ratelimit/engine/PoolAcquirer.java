package io.ratelimit.engine;

import io.ratelimit.LimitRequest;
import io.ratelimit.PoolDefinition;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Carries out acquisitions of pools. Thread-safe.
 */
final class PoolAcquirer {

    private final ResourceRegistry resources;

    private final Acquirer acquirer;

    private final Supplier<String> tickets;

    PoolAcquirer(ResourceRegistry resources, Acquirer acquirer, Supplier<String> tickets) {
        this.resources = resources;
        this.acquirer = acquirer;
        this.tickets = tickets;
    }

    /**
     * Acquires from the first member that grants it; cancelling the result leaves the queue, and undoes what has been or will be granted.
     *
     * @param request what to acquire
     * @param pool the pool
     * @param members its members, in the order to ask them
     * @param startNanos when it began
     * @throws IllegalArgumentException if no member can ever grant it
     */
    CompletableFuture<Answer> acquire(LimitRequest request, PoolDefinition pool, List<Terms> members, long startNanos) {
        List<Acquisition> candidates = new ArrayList<>();
        List<AboveCapacityException> tooSmall = new ArrayList<>();
        for (Terms member : members) {
            try {
                ResourceOverride override =
                        this.resources.overrideOf(member.definition().name());
                candidates.add(Acquisition.of(override.applyTo(request), member, startNanos)
                        .with(this.tickets.get()));
            } catch (AboveCapacityException ex) {
                tooSmall.add(ex);
            }
        }
        if (candidates.isEmpty()) {
            throw new IllegalArgumentException("No member of the pool '%s' can ever grant this. %s"
                    .formatted(
                            pool.name(),
                            tooSmall.stream().map(Throwable::getMessage).collect(Collectors.joining(". "))));
        }
        CompletableFuture<Answer> result = new CompletableFuture<>();
        PoolAcquisition acquisition =
                new PoolAcquisition(pool, candidates, this::limits, this.acquirer, this.tickets, result);
        this.acquirer.conclude(result, acquisition.decide(), acquisition::counted, startNanos);
        return result;
    }

    /** Returns whether no operator has switched the limits of a member off. */
    private boolean limits(ResourceDefinition member) {
        return this.resources.overrideOf(member.name()).limiting();
    }
}
