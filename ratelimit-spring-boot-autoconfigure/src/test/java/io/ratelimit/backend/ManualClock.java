package io.ratelimit.backend;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * A clock that stands still unless a test moves it. It starts an hour ahead of the machine's, so that nothing that Redis expires by its own
 * clock goes during a test.
 */
public final class ManualClock implements LongSupplier {

    private final AtomicLong micros = new AtomicLong(TimeUnit.MILLISECONDS.toMicros(
            System.currentTimeMillis() + Duration.ofHours(1).toMillis()));

    @Override
    public long getAsLong() {
        return this.micros.get();
    }

    /** Moves the clock, also back. */
    public void move(long byMicros) {
        this.micros.addAndGet(byMicros);
    }

    /** Moves the clock on. */
    public void advance(Duration duration) {
        move(duration.toNanos() / 1_000);
    }
}
