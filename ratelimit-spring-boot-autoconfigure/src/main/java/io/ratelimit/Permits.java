package io.ratelimit;

import java.util.ArrayList;
import java.util.List;

/**
 * The permits of the annotated call that runs now.
 *
 * <p>They are bound to the thread that runs the body of a limited method. A method that returns a {@code Mono}, a {@code Flux} or another reactive
 * type has its body run by each subscription, with its permits; what its operators do later, on whatever thread, finds them with
 * {@link ReactivePermits}, or here if Micrometer's context propagation is on the classpath and automatic
 * ({@code spring.reactor.context-propagation: auto}).
 *
 * @since 0.1.0
 */
public final class Permits {

    /** Where Reactor contexts have them. */
    static final String KEY = Permits.class.getName();

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
        return replace(innermost(permits, current()));
    }

    /**
     * Makes other permits those of the current thread until the returned scope is closed, on the same thread.
     *
     * @param current the permits, innermost first
     * @return the scope, to be closed
     */
    public static Scope replace(List<Permit> current) {
        List<Permit> before = CURRENT.get();
        set(List.copyOf(current));
        return () -> {
            if (before == null) {
                CURRENT.remove();
            } else {
                CURRENT.set(before);
            }
        };
    }

    static List<Permit> innermost(List<Permit> permits, List<Permit> outer) {
        List<Permit> inner = new ArrayList<>(permits.size() + outer.size());
        for (int i = permits.size() - 1; i >= 0; i--) {
            inner.add(permits.get(i));
        }
        inner.addAll(outer);
        return List.copyOf(inner);
    }

    static void set(List<Permit> current) {
        if (current.isEmpty()) {
            CURRENT.remove();
        } else {
            CURRENT.set(current);
        }
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
