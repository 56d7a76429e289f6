package io.ratelimit.aop;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The threads that run the bodies of calls which waited without a thread. One is needed for each body that runs, none for those that
 * wait; an executor of the application's with a bound could be full of threads that wait for these very bodies.
 */
final class CallThreads {

    private static final long IDLE_SECONDS = 10;

    private CallThreads() {}

    static Executor create() {
        AtomicLong number = new AtomicLong();
        return new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), (task) -> {
                    Thread thread = new Thread(task, "ratelimit-call-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
    }
}
