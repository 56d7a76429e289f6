package io.ratelimit.engine;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Timers that fire on the thread of the test, when it moves the time there.
 */
final class SteeredTimers extends AbstractExecutorService implements ScheduledExecutorService {

    private final Queue<Timer> timers = new PriorityQueue<>(Comparator.comparingLong((timer) -> timer.dueNanos));

    private final MovableTime time;

    private boolean stopped;

    SteeredTimers(MovableTime time) {
        this.time = time;
    }

    /** Moves the time on, and lets fire what comes due on the way. */
    void advance(Duration duration) {
        long until = this.time.getAsLong() + duration.toNanos();
        while (!this.timers.isEmpty() && this.timers.peek().dueNanos <= until) {
            Timer next = this.timers.remove();
            this.time.advance(Duration.ofNanos(Math.max(0, next.dueNanos - this.time.getAsLong())));
            next.run();
        }
        this.time.advance(Duration.ofNanos(until - this.time.getAsLong()));
    }

    /** How many timers have neither fired nor been cancelled. */
    int armed() {
        return this.timers.size();
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        if (this.stopped) {
            throw new RejectedExecutionException("stopped");
        }
        Timer timer = new Timer(task, this.time.getAsLong() + unit.toNanos(delay));
        this.timers.add(timer);
        return timer;
    }

    @Override
    public void execute(Runnable task) {
        schedule(task, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long initialDelay, long period, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long initialDelay, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void shutdown() {
        this.stopped = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        this.stopped = true;
        this.timers.clear();
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return this.stopped;
    }

    @Override
    public boolean isTerminated() {
        return this.stopped;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return this.stopped;
    }

    private final class Timer extends FutureTask<Void> implements ScheduledFuture<Void> {

        private final long dueNanos;

        Timer(Runnable task, long dueNanos) {
            super(task, null);
            this.dueNanos = dueNanos;
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            SteeredTimers.this.timers.remove(this);
            return super.cancel(mayInterrupt);
        }

        @Override
        protected void setException(Throwable failure) {
            super.setException(failure);
            throw new AssertionError("A timer failed", failure);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(this.dueNanos - SteeredTimers.this.time.getAsLong(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
        }
    }
}
