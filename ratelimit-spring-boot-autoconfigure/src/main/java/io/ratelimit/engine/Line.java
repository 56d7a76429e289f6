package io.ratelimit.engine;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The waiters of this instance in one partition, and the timers that let the queue go on where nobody gives anything back: one for the
 * earliest end of a lease or sign of life, which every heartbeat moves, so that it fires only after a death; one for a head that rates
 * alone hold up. Thread-safe.
 */
final class Line {

    private final Map<String, Waiter> waiters = new ConcurrentHashMap<>();

    private final ScheduledExecutorService timers;

    private final LongSupplier nanoClock;

    private final Runnable goOn;

    private long wakeNanos;

    private long armedNanos;

    private @Nullable Future<?> timer;

    private @Nullable Future<?> turn;

    Line(ScheduledExecutorService timers, LongSupplier nanoClock, Runnable goOn) {
        this.timers = timers;
        this.nanoClock = nanoClock;
        this.goOn = goOn;
    }

    void add(Waiter waiter) {
        this.waiters.put(waiter.ticket(), waiter);
    }

    /** Removes a waiter; returns whether it was the last. */
    boolean remove(Waiter waiter) {
        this.waiters.remove(waiter.ticket());
        return this.waiters.isEmpty();
    }

    /** Returns those whose ticket is known to be queued. */
    List<Waiter> queued() {
        return this.waiters.values().stream().filter(Waiter::isQueued).toList();
    }

    /** The queue may go on by time alone then. A timer that is armed for an earlier time looks again when it fires. */
    synchronized void wakeIn(long micros) {
        if (micros > 0) {
            long nanos = TimeUnit.MICROSECONDS.toNanos(micros);
            this.wakeNanos = this.nanoClock.getAsLong() + nanos;
            if (this.timer == null || this.wakeNanos - this.armedNanos < 0) {
                arm(nanos);
            }
        }
    }

    private void arm(long nanos) {
        if (this.timer != null) {
            this.timer.cancel(false);
        }
        this.armedNanos = this.nanoClock.getAsLong() + nanos;
        this.timer = schedule(this::fire, nanos);
    }

    private void fire() {
        synchronized (this) {
            this.timer = null;
            long leftNanos = this.wakeNanos - this.nanoClock.getAsLong();
            if (leftNanos > 0 && !this.waiters.isEmpty()) {
                arm(leftNanos);
                return;
            }
        }
        goOn();
    }

    /** The head waits for rates alone, which have room for it then. What was said of an earlier head counts no more. */
    synchronized void turnIn(Duration wait) {
        if (this.turn != null) {
            this.turn.cancel(false);
        }
        this.turn = schedule(this::goOn, wait.toNanos());
    }

    private void goOn() {
        if (!this.waiters.isEmpty()) {
            this.goOn.run();
        }
    }

    private @Nullable Future<?> schedule(Runnable task, long nanos) {
        try {
            return this.timers.schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException ex) {
            return null; // stopped: nobody waits any more
        }
    }
}
