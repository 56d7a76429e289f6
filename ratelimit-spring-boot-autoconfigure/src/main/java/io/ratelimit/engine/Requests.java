package io.ratelimit.engine;

import io.ratelimit.LimitRequest;
import io.ratelimit.PoolDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceRegistry;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Finds out what a request is about: a resource, or the members of a pool, each with the limits that hold for the key and with what an
 * operator has changed. Thread-safe.
 */
final class Requests {

    private final AtomicLong lastTicket = new AtomicLong();

    private final ResourceRegistry resources;

    private final KeyLimits keyLimits;

    private final PoolOrder poolOrder;

    private final PoolAcquirer poolAcquirer;

    private final Acquirer acquirer;

    private final String instance;

    private final LongSupplier nanoClock;

    private final Supplier<String> tickets = this::nextTicket;

    /**
     * Makes one.
     *
     * @param resources the resources and pools
     * @param keyLimits knows the limits that hold for keys
     * @param loads knows how loaded the members of pools are
     * @param acquirer acquires
     * @param instance what tickets begin with
     * @param nanoClock the monotonic time
     */
    Requests(
            ResourceRegistry resources,
            KeyLimits keyLimits,
            PoolLoads loads,
            Acquirer acquirer,
            String instance,
            LongSupplier nanoClock) {
        this.resources = resources;
        this.keyLimits = keyLimits;
        this.poolOrder = new PoolOrder(loads, () -> ThreadLocalRandom.current().nextDouble());
        this.poolAcquirer = new PoolAcquirer(resources, acquirer, this.tickets);
        this.acquirer = acquirer;
        this.instance = instance;
        this.nanoClock = nanoClock;
    }

    /**
     * Begins to acquire.
     *
     * @throws IllegalArgumentException if the request can never be granted
     */
    CompletableFuture<Answer> start(LimitRequest request) {
        return start(request, OwnPermits.NONE);
    }

    /**
     * Begins to acquire for a caller who gives nothing back before it has ended.
     *
     * @param own what the caller holds
     * @throws IllegalArgumentException if the request can never be granted
     * @throws IllegalStateException if it would wait for what the caller holds itself
     */
    CompletableFuture<Answer> start(LimitRequest request, OwnPermits own) {
        long startNanos = this.nanoClock.getAsLong();
        PoolDefinition pool = this.resources.findPool(request.resource()).orElse(null);
        if (pool == null) {
            return onceKnown(terms(request.resource(), request), (terms) -> acquire(request, terms, own, startNanos));
        }
        List<CompletableFuture<Terms>> members = this.poolOrder.of(pool, request.key() != null).stream()
                .map((member) -> terms(member, request))
                .toList();
        return onceKnown(
                CompletableFuture.allOf(members.toArray(CompletableFuture[]::new))
                        .thenApply((known) ->
                                members.stream().map(CompletableFuture::join).toList()),
                (terms) -> this.poolAcquirer.acquire(request, pool, terms, startNanos));
    }

    private CompletableFuture<Terms> terms(String resource, LimitRequest request) {
        return this.keyLimits.of(this.resources.get(resource), request.key());
    }

    private CompletableFuture<Answer> acquire(LimitRequest request, Terms terms, OwnPermits own, long startNanos) {
        ResourceOverride override = this.resources.overrideOf(request.resource());
        Acquisition acquisition = Acquisition.of(override.applyTo(request), terms, startNanos);
        if (!override.limiting()) {
            return this.acquirer.bypass(acquisition);
        }
        own.check(acquisition, this.acquirer.route(acquisition.definition()));
        return this.acquirer.acquire(acquisition, this.tickets);
    }

    private String nextTicket() {
        return this.instance + ':' + Long.toString(this.lastTicket.incrementAndGet(), Character.MAX_RADIX);
    }

    /** Acquires at once where it is known which limits hold for the key, and else when it is. */
    private <T> CompletableFuture<Answer> onceKnown(
            CompletableFuture<T> terms, Function<T, CompletableFuture<Answer>> acquisition) {
        if (terms.isDone()) {
            return acquisition.apply(terms.join());
        }
        CompletableFuture<Answer> result = new CompletableFuture<>();
        terms.thenAccept((known) -> {
            if (!result.isDone()) {
                acquire(known, acquisition, result);
            }
        });
        return result;
    }

    private <T> void acquire(
            T terms, Function<T, CompletableFuture<Answer>> acquisition, CompletableFuture<Answer> result) {
        CompletableFuture<Answer> answer;
        try {
            answer = acquisition.apply(terms);
        } catch (RuntimeException ex) {
            result.completeExceptionally(ex);
            return;
        }
        result.whenComplete((decided, failure) -> {
            if (result.isCancelled()) {
                answer.cancel(true);
            }
        });
        answer.whenComplete((decided, failure) -> {
            if (failure != null) {
                result.completeExceptionally(Acquirer.unwrap(failure));
            } else if (!result.complete(decided)) {
                decided.asOptional().ifPresent(this.acquirer::undo);
            }
        });
    }
}
