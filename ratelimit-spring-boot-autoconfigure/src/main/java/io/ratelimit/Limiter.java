package io.ratelimit;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Acquires permits for resources, across all instances of the application. Thread-safe.
 *
 * <pre>{@code
 * try (Permit permit = limiter.acquire("postgres-pool")) {
 *     return query();
 * }
 * }</pre>
 *
 * <p>An acquisition is all or nothing over all limits of the resource: a refusal charges nothing and holds nothing.
 *
 * <p>{@code acquire}, {@code acquireAll} and their asynchronous forms wait for their turn where a {@linkplain LimitRequest request}
 * or the policy of its resource says so: first come, first served across all instances, for at most the max wait. A wait that
 * runs out ends in a {@link LimitExceededException} that is {@linkplain LimitExceededException#timedOut() timed out}; a full queue
 * refuses at once. {@link #tryAcquire} never waits. Whoever stops waiting, because the thread is interrupted or the future
 * cancelled, leaves the queue and holds nothing.
 *
 * <p>All methods throw, or complete with:
 *
 * <ul>
 *   <li>{@link LimitExceededException} if a limit says no
 *   <li>{@link BackendUnavailableException} if the backend cannot be asked and the resource's {@link BackendFailurePolicy} is
 *       {@code REJECT}
 *   <li>{@link IllegalArgumentException} for a resource or limit that does not exist, a missing key, and an amount above a
 *       limit's {@linkplain Limit#capacity() capacity}, which could never be granted, and
 *       for the policy {@link LimitPolicy#BLOCK} if neither the request nor the resource has a max wait
 *   <li>{@link IllegalStateException} for a method that blocks, on a thread that must not be blocked, such as an event loop of Netty
 *   <li>{@link IllegalStateException} if the call would wait for itself: the annotated calls around it on its thread, or those before it
 *       in the same {@code acquireAll}, hold all that it waits for
 *   <li>{@link java.util.concurrent.CancellationException} if the calling thread is interrupted, with its interrupt flag set
 * </ul>
 *
 * @since 0.1.0
 */
public interface Limiter {

    /**
     * Acquires a permit, blocking the caller until the answer is known. Waits for its turn where the request or the resource says so.
     *
     * @param request what to acquire
     * @return the permit, to be closed
     * @throws LimitExceededException if a limit says no, and said so until the wait was over
     */
    Permit acquire(LimitRequest request);

    /**
     * Acquires one unit of every limit of a resource, blocking the caller until the answer is known. Waits for its turn where the
     * resource says so.
     *
     * @param resource the name of the resource
     * @return the permit, to be closed
     * @throws LimitExceededException if a limit says no
     */
    default Permit acquire(String resource) {
        return acquire(LimitRequest.of(resource));
    }

    /**
     * Acquires a permit if there is one now and nobody waits for it. Never waits, whatever the policies and max waits say.
     *
     * @param request what to acquire; its max wait and priority do not count
     * @return the permit, to be closed, or empty if a limit says no
     */
    Optional<Permit> tryAcquire(LimitRequest request);

    /**
     * Acquires a permit without blocking; the future waits for its turn where the request or the resource says so. Cancelling it
     * leaves the queue, and gives back what has been or will be granted. What depends on the
     * future runs on a thread of the backend and must not block it: use the {@code Async} methods of the future for work that does.
     *
     * @param request what to acquire
     * @return a future of the permit, to be closed
     */
    CompletableFuture<Permit> acquireAsync(LimitRequest request);

    /**
     * Acquires several permits in the given order, blocking the caller until the answer is known. Each may wait for its turn, for
     * its own max wait, while those before it are held. If one is refused, those before
     * it are undone in reverse order, as if they had never been acquired: slots are freed and rates refunded.
     *
     * @param requests what to acquire, in order
     * @return the permits in the order of the requests, each to be closed
     * @throws LimitExceededException if a limit says no
     */
    List<Permit> acquireAll(List<LimitRequest> requests);

    /**
     * Acquires several permits in the given order, without blocking. Each may wait for its turn, for its own max wait, while those
     * before it are held. If one is refused, or the future is cancelled, those before it are undone in reverse
     * order, as if they had never been acquired: slots are freed and rates refunded.
     *
     * @param requests what to acquire, in order
     * @return a future of the permits in the order of the requests, each to be closed
     */
    CompletableFuture<List<Permit>> acquireAllAsync(List<LimitRequest> requests);
}
