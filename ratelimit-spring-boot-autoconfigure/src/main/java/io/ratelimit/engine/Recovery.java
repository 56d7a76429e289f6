package io.ratelimit.engine;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Finds out that a backend is back: one probe at a time, at growing, jittered intervals, so that no call of the application has to try, and not
 * all instances try at once. Thread-safe.
 */
final class Recovery {

    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(800);

    private final Supplier<Boolean> away;

    private final Supplier<CompletionStage<?>> probe;

    private final ScheduledExecutorService timers;

    /** Counts absences, so that the probes of an earlier one end. */
    private final AtomicLong absence = new AtomicLong();

    /**
     * Makes one.
     *
     * @param away whether the backend is away
     * @param probe asks it, past all that keeps others from asking
     * @param timers calls the probe
     */
    Recovery(Supplier<Boolean> away, Supplier<CompletionStage<?>> probe, ScheduledExecutorService timers) {
        this.away = away;
        this.probe = probe;
        this.timers = timers;
    }

    /** Begins to probe. */
    void begin() {
        probeIn(FIRST_PAUSE_NANOS, this.absence.incrementAndGet());
    }

    /** Probes no more. */
    void end() {
        this.absence.incrementAndGet();
    }

    private void probeIn(long pauseNanos, long own) {
        long jittered = pauseNanos / 2 + ThreadLocalRandom.current().nextLong(pauseNanos / 2);
        try {
            this.timers.schedule(() -> probe(pauseNanos, own), jittered, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException ex) {
            end(); // closed
        }
    }

    private void probe(long pauseNanos, long own) {
        if (own == this.absence.get() && this.away.get()) {
            this.probe.get().whenComplete((answer, failure) -> {
                if (this.away.get()) {
                    probeIn(Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS), own);
                }
            });
        }
    }
}
