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
 * earliest end of a lease or sign of life, which every heartbeat moves, so that it fires only after a death; one for each head that rates
 * alone hold up. Thread-safe.
 */
final class Line {

    private final Map<String, Waiter> waiters = new ConcurrentHashMap<>();

    private final ScheduledExecutorService timers;

    private final LongSupplier nanoClock;

    private final Runnable goOn;

    private long wakeNanos;

    private @Nullable Future<?> timer;

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
        return this.waiters.values().stream()
                .filter((waiter) -> waiter.place() != null)
                .toList();
    }

    /** The queue may go on by time alone then. A timer that is armed for an earlier time looks again when it fires. */
    synchronized void wakeIn(long micros) {
        if (micros > 0) {
            this.wakeNanos = this.nanoClock.getAsLong() + TimeUnit.MICROSECONDS.toNanos(micros);
            if (this.timer == null) {
                arm(TimeUnit.MICROSECONDS.toNanos(micros));
            }
        }
    }

    private void arm(long nanos) {
        this.timer = schedule(this::fire, nanos);
    }

    private void fire() {
        synchronized (this) {
            this.timer = null;
            long leftNanos = this.wakeNanos - this.nanoClock.getAsLong();
            if (this.waiters.isEmpty()) {
                return;
            }
            if (leftNanos > 0) {
                arm(leftNanos);
                return;
            }
        }
        this.goOn.run();
    }

    /** The head waits for rates alone, which have room for it then. */
    void turnIn(Duration wait) {
        schedule(
                () -> {
                    if (!this.waiters.isEmpty()) {
                        this.goOn.run();
                    }
                },
                wait.toNanos());
    }

    private @Nullable Future<?> schedule(Runnable task, long nanos) {
        try {
            return this.timers.schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException ex) {
            return null; // stopped: nobody waits any more
        }
    }
}
