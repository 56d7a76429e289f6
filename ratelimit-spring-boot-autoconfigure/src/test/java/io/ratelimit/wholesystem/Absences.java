package io.ratelimit.wholesystem;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitListener;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reports when Redis goes and comes, as the engine notices it, and how long calls took meanwhile.
 */
final class Absences implements LimitListener {

    private final AtomicLong slowestNanos = new AtomicLong();

    private volatile long sinceNanos;

    private volatile boolean away;

    @Override
    public void onBackendAvailable(boolean available) {
        if (available) {
            this.away = false;
            Reports.report(Event.BACK, 0, this.slowestNanos.get());
        } else {
            this.slowestNanos.set(0);
            this.sinceNanos = System.nanoTime();
            this.away = true;
            Reports.report(Event.AWAY, 0, 0);
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
