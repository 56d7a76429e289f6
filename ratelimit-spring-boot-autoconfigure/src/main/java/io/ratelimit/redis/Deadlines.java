package io.ratelimit.redis;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/**
 * Judges at deadlines. A JVM or a thread of Netty that stood still has not read replies which arrived in time, and they are not Redis' fault: so
 * before anything is judged, those threads read what is there. Thread-safe; judges are called one after the other, on a thread of their own.
 */
final class Deadlines implements AutoCloseable {

    /** A timer that is so late tells of a JVM that stood still: what it could not send in time is given a moment. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int MOST_MOMENTS = 4;

    private final Supplier<CompletableFuture<Void>> reading;

    private final Duration longestReading;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor((task) -> {
        Thread thread = new Thread(task, "ratelimit-redis-deadlines");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * Makes them.
     *
     * @param reading completes when the threads that read replies have read what had arrived when it was asked for
     * @param longestReading after that it is judged all the same: what holds them up may never end
     */
    Deadlines(Supplier<CompletableFuture<Void>> reading, Duration longestReading) {
        this.reading = reading;
        this.longestReading = longestReading;
    }

    /**
     * Judges at a deadline, or at once where nobody watches any more.
     *
     * @param deadlineNanos the deadline
     * @param judge told the time from which on replies are late
     */
    void at(long deadlineNanos, LongConsumer judge) {
        at(deadlineNanos, judge, 0);
    }

    private void at(long lookNanos, LongConsumer judge, int moments) {
        try {
            this.timer.schedule(
                    () -> look(lookNanos, judge, moments), lookNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException ex) {
            judge.accept(lookNanos); // closed: nobody else will end what still waits
        }
    }

    private void look(long lookNanos, LongConsumer judge, int moments) {
        long nowNanos = System.nanoTime();
        if (nowNanos - lookNanos > LATE_NANOS && moments < MOST_MOMENTS) {
            at(nowNanos + LATE_NANOS / 2, judge, moments + 1);
            return;
        }
        this.reading
                .get()
                .completeOnTimeout(null, this.longestReading.toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((read, failure) -> judge(nowNanos, judge));
    }

    private void judge(long nowNanos, LongConsumer judge) {
        try {
            this.timer.execute(() -> judge.accept(nowNanos));
        } catch (RejectedExecutionException ex) {
            judge.accept(nowNanos);
        }
    }

    /** Watches no more. */
    @Override
    public void close() {
        this.timer.shutdownNow();
    }
}
