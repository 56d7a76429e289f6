package io.ratelimit.aop;

import io.ratelimit.Permit;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The permits of one call, from their grant until its work has ended. Whatever ends it, and however often that is told, they are
 * closed once; permits that are granted after the end are closed at once. Thread-safe.
 */
final class CallPermits {

    private final AtomicReference<State> state = new AtomicReference<>(State.NONE);

    /** Holds what was granted; returns whether the call still wants it. */
    boolean hold(List<Permit> permits) {
        if (this.state.compareAndSet(State.NONE, new State(permits, false))) {
            return true;
        }
        close(permits);
        return false;
    }

    /** Ends the work. */
    void end() {
        close(this.state.getAndSet(State.OVER).permits());
    }

    private static void close(List<Permit> permits) {
        for (int i = permits.size() - 1; i >= 0; i--) {
            permits.get(i).close();
        }
    }

    private record State(List<Permit> permits, boolean over) {

        static final State NONE = new State(List.of(), false);

        static final State OVER = new State(List.of(), true);
    }
}
