package io.ratelimit;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an acquisition grants. It is closed once; closing frees its slots. Its lease renews itself for as long as this
 * instance lives. Thread-safe.
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
     * Frees the slots. Idempotent; never throws; does not wait for the backend.
     */
    @Override
    void close();
}
