package io.ratelimit;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an acquisition grants. It is closed once; closing frees its slots. Its lease renews itself for as long as this
 * instance lives. Thread-safe.
 *
 * @since 0.1.0
 */
public interface Permit extends AutoCloseable {

    /**
     * Returns the resource that was acquired.
     *
     * @return its name
     */
    String resource();

    /**
     * Returns whose share it is.
     *
     * @return the key, or {@code null} if there is one share for all
     */
    @Nullable
    String key();

    /**
     * Returns what the configuration says of the resource, such as its region.
     *
     * @return the attributes, unmodifiable
     */
    Map<String, String> attributes();

    /**
     * Returns how the limits stood right after this permit was granted.
     *
     * @return the limits of the resource, unmodifiable; empty if the backend was not asked
     */
    List<LimitStatus> limits();

    /**
     * Returns whether the permit is neither closed nor lost, by this instance's monotonic clock. A permit of rates alone is
     * valid until it is closed.
     *
     * @return whether the holder may go on
     */
    boolean isValid();

    /**
     * Registers what to do when the slots are lost while the permit is open: the lease ran out because the backend could not
     * be reached in time or this JVM stood still, {@code max-hold} has passed, or an operator took the slots back. Runs at once
     * if they are lost already; never after {@link #close()}.
     *
     * @param action run once, on a thread of its own
     */
    void onLost(Runnable action);

    /**
     * Returns a number that grows with every grant of the same resource and key, for storage that refuses writers with an older
     * one.
     *
     * @return the number, 0 for a permit that the backend did not grant
     */
    long fencingToken();

    /**
     * Says how much of a rate limit was used after all, where the acquisition could only estimate it. Below what was taken so far, the
     * difference is refunded, and goes to those who wait at once; above, it is charged, whether there is room or not: what there is no
     * room for is debt, and later acquisitions wait until it is paid. {@link RateAlgorithm} says how long a refund counts.
     *
     * <pre>{@code
     * try (Permit permit = limiter.acquire(LimitRequest.of("openai").amount("tokens", 100))) {
     *     Answer answer = ask();
     *     permit.update("tokens", answer.totalTokens());
     * }
     * }</pre>
     *
     * <p>Optional: without it the amount that was taken stays. May be called again: the last word counts. Does not wait for the backend;
     * calls take effect in their order. A call whose answer is lost is not repeated, so that nothing is charged or refunded twice. It
     * works for a permit that has lost its slots too, as what was used was used. It does nothing where nothing was charged: a permit of
     * a call that was only observed, or let through while the backend was away.
     *
     * @param limitName the name of the rate limit
     * @param actual how much was used in all, in the units of the limit, from 0 to 100,000,000
     * @throws IllegalArgumentException if there is no rate limit of that name, or the amount is out of its range
     * @throws IllegalStateException if the permit is closed
     */
    void update(String limitName, long actual);

    /**
     * Frees the slots. Idempotent; never throws; does not wait for the backend.
     */
    @Override
    void close();
}
