package io.ratelimit.memory;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitStatus;
import java.time.Duration;

/**
 * The slots of a concurrency limit that are taken: the sum over its holders.
 */
final class SlotCount implements LimitState {

    /** The estimate while no permit has been closed yet. */
    private static final long UNKNOWN_HOLD_MICROS = 1_000_000;

    private final ConcurrencyLimit limit;

    private long used;

    SlotCount(ConcurrencyLimit limit) {
        this.limit = limit;
    }

    @Override
    public ConcurrencyLimit limit() {
        return this.limit;
    }

    @Override
    public boolean advance(long now) {
        return false;
    }

    @Override
    public long waitMicros(long amount, long now, long meanHoldMicros) {
        long missing = this.used + amount - this.limit.limit();
        if (missing <= 0) {
            return 0;
        }
        if (meanHoldMicros == 0) {
            return UNKNOWN_HOLD_MICROS;
        }
        return Math.max(1, meanHoldMicros * missing / Math.max(1, this.used));
    }

    @Override
    public void take(long amount, long now) {
        this.used += amount;
    }

    void free(long amount) {
        this.used -= amount;
    }

    long used() {
        return this.used;
    }

    @Override
    public LimitStatus status(long now) {
        return new LimitStatus(this.limit, this.used, Duration.ZERO);
    }

    @Override
    public long idleAt() {
        return 0;
    }
}
