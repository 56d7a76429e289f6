package io.ratelimit.engine;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Monotonic nanoseconds that stand still unless a test moves them.
 */
final class MovableTime implements LongSupplier {

    private final AtomicLong nanos = new AtomicLong();

    @Override
    public long getAsLong() {
        return this.nanos.get();
    }

    void advance(Duration duration) {
        this.nanos.addAndGet(duration.toNanos());
    }
}
