package io.ratelimit.engine;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keeps calls from waiting for a backend that is away: open after three failures in a row, until something succeeds. One slow answer among
 * others opens nothing. The circuit breaker of Nygard's "Release It!". Thread-safe.
 */
final class Breaker {

    private static final int FAILURES_IN_A_ROW = 3;

    private final AtomicInteger failures = new AtomicInteger();

    private final AtomicBoolean open = new AtomicBoolean();

    boolean isOpen() {
        return this.open.get();
    }

    /** Returns whether this success ends an absence. */
    boolean succeeded() {
        if (this.failures.get() > 0) {
            this.failures.set(0);
        }
        return isOpen() && this.open.compareAndSet(true, false);
    }

    /** Returns whether this failure begins an absence. */
    boolean failed() {
        return this.failures.incrementAndGet() >= FAILURES_IN_A_ROW && this.open.compareAndSet(false, true);
    }
}
