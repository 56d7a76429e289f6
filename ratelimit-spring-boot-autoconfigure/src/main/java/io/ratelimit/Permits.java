package io.ratelimit;

import java.util.ArrayList;
import java.util.List;

/**
 * The permits of the annotated call that runs now.
 */
public final class Permits {

    private static final ThreadLocal<List<Permit>> CURRENT = new ThreadLocal<>();

    private Permits() {}

    /**
     * Returns the permits of the annotated calls that the current thread is in.
     *
     * @return the permits, innermost first, unmodifiable; empty outside of annotated calls
     */
    public static List<Permit> current() {
        List<Permit> permits = CURRENT.get();
        return (permits != null) ? permits : List.of();
    }

    /**
     * Makes permits the innermost ones of the current thread until the returned scope is closed, on the same thread.
     *
     * @param permits the permits, in the order they were acquired
     * @return the scope, to be closed
     */
    public static Scope enter(List<Permit> permits) {
        List<Permit> before = CURRENT.get();
        List<Permit> inner = new ArrayList<>(permits.size());
        for (int i = permits.size() - 1; i >= 0; i--) {
            inner.add(permits.get(i));
        }
        inner.addAll(current());
        CURRENT.set(List.copyOf(inner));
        return () -> {
            if (before == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(before);
            }
        };
    }

    /**
     * The time during which permits are current.
     */
    @FunctionalInterface
    public interface Scope extends AutoCloseable {

        /**
         * Restores the permits that were current before. Never throws.
         */
        @Override
        void close();
    }
}
