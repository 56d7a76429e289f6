package io.ratelimit.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Lets two threads do something at the same time, as nearly as they can.
 */
final class Race implements AutoCloseable {

    private final ExecutorService executor = Executors.newSingleThreadExecutor();

    /** Runs both, and returns when both are done. */
    void run(Runnable one, Runnable other) {
        CountDownLatch start = new CountDownLatch(2);
        CompletableFuture<Void> first = CompletableFuture.runAsync(
                () -> {
                    meet(start);
                    one.run();
                },
                this.executor);
        meet(start);
        other.run();
        first.join();
    }

    private static void meet(CountDownLatch start) {
        start.countDown();
        while (start.getCount() > 0) {
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        this.executor.shutdown();
    }
}
