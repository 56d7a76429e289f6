package io.ratelimit.wholesystem;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitListener;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Reports when Redis goes and comes, as the engine notices it, and how long calls took meanwhile.
 */
final class Absences implements LimitListener {

    private static final long NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final AtomicLong slowestNanos = new AtomicLong();

    private final AtomicLong longestStallNanos = new AtomicLong();

    private volatile long sinceNanos;

    private volatile boolean away;

    @Override
    public void onBackendAvailable(boolean available) {
        if (available) {
            this.away = false;
            Reports.report(Event.BACK, 0, this.slowestNanos.get(), Long.toString(this.longestStallNanos.get()));
        } else {
            this.slowestNanos.set(0);
            this.longestStallNanos.set(0);
            this.sinceNanos = System.nanoTime();
            this.away = true;
            Thread watch = new Thread(this::watchStalls, "stalls");
            watch.setDaemon(true);
            watch.start();
            Reports.report(Event.AWAY, 0, 0);
        }
    }

    /** A busy machine lets this process stand still now and then, and its calls with it. */
    private void watchStalls() {
        while (this.away) {
            long before = System.nanoTime();
            LockSupport.parkNanos(NAP_NANOS);
            long late = System.nanoTime() - before - NAP_NANOS;
            this.longestStallNanos.accumulateAndGet(late, Math::max);
        }
    }

    @Override
    public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
        if (this.away && System.nanoTime() - took.toNanos() - this.sinceNanos > 0) {
            this.slowestNanos.accumulateAndGet(took.toNanos(), Math::max);
        }
    }

    @Override
    public void onLeasesReclaimed(String resource, long permits) {
        Reports.report(Event.RECLAIMED, 0, permits);
    }
}
