package io.ratelimit.wholesystem;

import static io.ratelimit.wholesystem.Reports.report;

import io.ratelimit.LimitExceededException;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.util.Assert;

/**
 * The calls of a worker, and the permits that they hold until they are told to close them. Thread-safe.
 */
final class WorkerCalls {

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    /** After a failure: what is away should not be asked all the time. */
    private static final long LONG_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** How long a permit is used without a look at it. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

    private final Limiter limiter;

    private final long limit;

    private final AtomicLong lastCall = new AtomicLong();

    private final Map<Long, CompletableFuture<Permit>> waiting = new ConcurrentSkipListMap<>();

    private final BlockingQueue<Held> held = new LinkedBlockingQueue<>();

    private volatile boolean unloaded;

    WorkerCalls(Limiter limiter, Setup setup) {
        this.limiter = limiter;
        this.limit = Math.max(setup.slots(), setup.rate());
    }

    /** Begins calls that occupy no thread. */
    void acquire(int count, Call call) {
        for (int i = 0; i < count; i++) {
            long number = this.lastCall.incrementAndGet();
            CompletableFuture<Permit> permit = this.limiter.acquireAsync(call.toRequest());
            this.waiting.put(number, permit);
            permit.whenComplete((granted, failure) -> {
                this.waiting.remove(number);
                if (granted == null) {
                    failed(number, failure);
                } else {
                    granted(new Held(number, granted), call);
                }
            });
            if (permit.isDone()) {
                this.waiting.remove(number);
            }
        }
    }

    /** Begins calls that block a thread each. */
    void block(int count, Call call) {
        for (int i = 0; i < count; i++) {
            start(() -> {
                long number = this.lastCall.incrementAndGet();
                try {
                    granted(new Held(number, this.limiter.acquire(call.toRequest())), call);
                } catch (RuntimeException ex) {
                    failed(number, ex);
                }
            });
        }
    }

    /** Starts threads that acquire, hold and close, again and again, until the time is over or {@link #unload()}. */
    void load(int threads, Duration time, Call call) {
        this.unloaded = false;
        long endNanos = System.nanoTime() + time.toNanos();
        CountDownLatch running = new CountDownLatch(threads);
        for (int i = 0; i < threads; i++) {
            start(() -> {
                while (!this.unloaded && System.nanoTime() - endNanos < 0) {
                    loadOnce(call);
                }
                running.countDown();
                if (running.getCount() == 0) {
                    report(Event.LOADED, 0, 0);
                }
            });
        }
    }

    void unload() {
        this.unloaded = true;
    }

    private void loadOnce(Call call) {
        long number = this.lastCall.incrementAndGet();
        try {
            Held permit = new Held(number, this.limiter.acquire(call.toRequest()));
            permit.report(System.nanoTime(), call);
            permit.use(call.hold().orElseThrow().toNanos());
            permit.close();
        } catch (RuntimeException ex) {
            failed(number, ex);
            LockSupport.parkNanos(ex instanceof LimitExceededException ? PAUSE_NANOS : LONG_PAUSE_NANOS);
        }
    }

    /** Closes the permits that were granted first, and waits for those of which only Redis knows yet. */
    void close(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            Held first = this.held.poll(1, TimeUnit.MINUTES);
            Assert.state(first != null, "No permit is held");
            first.close();
        }
    }

    /** Cancels the calls that have waited longest. */
    void cancel(int count) {
        List<CompletableFuture<Permit>> oldest = new ArrayList<>(this.waiting.values());
        oldest.subList(0, count).forEach((call) -> call.cancel(true));
    }

    /** What is told can be closed: the test may say so at once. */
    private void granted(Held permit, Call call) {
        long nanos = System.nanoTime();
        if (call.hold().isEmpty()) {
            this.held.add(permit);
        }
        permit.report(nanos, call);
        call.hold().ifPresent(permit::closeAfter);
    }

    private static void failed(long number, Throwable failure) {
        if (failure instanceof LimitExceededException exceeded) {
            report(exceeded.timedOut() ? Event.TIMED_OUT : Event.REFUSED, number, 0);
        } else if (failure instanceof CancellationException) {
            report(Event.CANCELLED, number, 0);
        } else {
            report(Event.FAILED, number, 0, failure + ", " + NestedExceptionUtils.getMostSpecificCause(failure));
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(null, task, "caller", 256 * 1024);
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns whether this worker has granted a permit alone: its share is less than the limit. */
    private boolean isLocal(Permit permit) {
        return permit.limits().get(0).limit().limit() < this.limit;
    }

    private final class Held {

        private final long number;

        private final Permit permit;

        Held(long number, Permit permit) {
            this.number = number;
            this.permit = permit;
        }

        void report(long nanos, Call call) {
            if (isLocal(this.permit)) {
                Reports.report(Event.LOCAL, nanos, this.number, this.permit.fencingToken(), "-");
            }
            Reports.report(
                    Event.GRANTED, nanos, this.number, this.permit.fencingToken(), Integer.toString(call.priority()));
            this.permit.onLost(() -> Reports.report(Event.LOST, this.number, this.permit.fencingToken()));
        }

        /** Uses it for some time, and no longer than it is valid, as far as that can be seen. */
        void use(long nanos) {
            long endNanos = System.nanoTime() + nanos;
            for (long now = System.nanoTime(); now - endNanos < 0 && this.permit.isValid(); now = System.nanoTime()) {
                Reports.report(Event.VALID, now, this.number, this.permit.fencingToken(), "-");
                LockSupport.parkNanos(Math.min(LOOK_NANOS, endNanos - now));
            }
        }

        void closeAfter(Duration hold) {
            if (hold.isZero()) {
                close();
            } else {
                CompletableFuture.delayedExecutor(hold.toNanos(), TimeUnit.NANOSECONDS)
                        .execute(this::close);
            }
        }

        void close() {
            long nanos = System.nanoTime();
            Event event = this.permit.isValid() ? Event.CLOSING : Event.CLOSING_LATE;
            Reports.report(event, nanos, this.number, this.permit.fencingToken(), "-");
            this.permit.close();
        }
    }
}
