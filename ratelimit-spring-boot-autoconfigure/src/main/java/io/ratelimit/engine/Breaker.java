package io.ratelimit.engine;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Keeps calls from waiting for a backend that is away: after three failures in a row only one call at a time is let through to
 * see whether it is back, at growing, jittered intervals. One slow answer among others opens nothing. The circuit breaker of
 * Nygard's "Release It!". Thread-safe.
 */
final class Breaker {

    private static final long CLOSED = Long.MIN_VALUE;

    private static final int FAILURES_IN_A_ROW = 3;

    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1_600);

    private final LongSupplier nanoClock;

    /** When the next call may try; {@link #CLOSED} while all may. */
    private final AtomicLong nextTryNanos = new AtomicLong(CLOSED);

    private final AtomicInteger failures = new AtomicInteger();

    private volatile long pauseNanos = FIRST_PAUSE_NANOS;

    Breaker(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /** Returns whether a call may ask the backend. */
    boolean allows() {
        long next = this.nextTryNanos.get();
        if (next == CLOSED) {
            return true;
        }
        long now = this.nanoClock.getAsLong();
        return now - next >= 0 && this.nextTryNanos.compareAndSet(next, now + jittered(this.pauseNanos));
    }

    boolean isOpen() {
        return this.nextTryNanos.get() != CLOSED;
    }

    /** Returns whether this success ends an absence. */
    boolean succeeded() {
        if (this.failures.get() > 0) {
            this.failures.set(0);
        }
        if (!isOpen()) {
            return false;
        }
        this.pauseNanos = FIRST_PAUSE_NANOS;
        return this.nextTryNanos.getAndSet(CLOSED) != CLOSED;
    }

    /** Returns whether this failure begins an absence. */
    boolean failed() {
        if (this.failures.incrementAndGet() < FAILURES_IN_A_ROW) {
            return false;
        }
        long pause = this.pauseNanos;
        this.pauseNanos = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        return this.nextTryNanos.getAndSet(this.nanoClock.getAsLong() + jittered(pause)) == CLOSED;
    }

    private static long jittered(long nanos) {
        return nanos / 2 + ThreadLocalRandom.current().nextLong(nanos / 2);
    }
}
