package io.ratelimit.operations;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Callers that each call again as soon as they are answered, until they are told to stop.
 */
final class Load implements AutoCloseable {

    private final ExecutorService callers;

    private final CountDownLatch stopped = new CountDownLatch(1);

    private Load(int callers) {
        this.callers = Executors.newFixedThreadPool(callers);
    }

    static Load of(Web web, int callers, String path) {
        Load load = new Load(callers);
        for (int i = 0; i < callers; i++) {
            load.callers.execute(() -> load.call(web, path));
        }
        return load;
    }

    private void call(Web web, String path) {
        while (this.stopped.getCount() > 0) {
            web.send(path);
        }
    }

    /** Lets the calls under way end, and makes no more. */
    @Override
    public void close() {
        this.stopped.countDown();
        this.callers.shutdown();
        try {
            if (!this.callers.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("Calls do not end");
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
