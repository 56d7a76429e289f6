package io.ratelimit.memory;

import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;

/**
 * Counts in windows that follow each other. One begins with the first request behind the last, or directly behind it while there is debt.
 *
 * <p>Invariant: there is debt only while nothing is left of the window; what is used of a window is within the limit, unless that was
 * lowered.
 */
final class FixedWindow implements RateState {

    private final RateLimit limit;

    private final long windowMicros;

    private long start;

    private long used;

    private long debt;

    FixedWindow(RateLimit limit) {
        this.limit = limit;
        this.windowMicros = Micros.of(limit.window());
    }

    FixedWindow changedTo(RateLimit changed) {
        FixedWindow other = new FixedWindow(changed);
        other.start = this.start;
        other.used = this.used;
        other.debt = this.debt;
        return other;
    }

    @Override
    public RateLimit limit() {
        return this.limit;
    }

    @Override
    public boolean advance(long now) {
        boolean over = this.used > 0 && now - this.start >= this.windowMicros;
        if (over) {
            long windows = (now - this.start) / this.windowMicros;
            boolean paid = windows > RateState.windows(this.debt, this.limit.limit());
            this.debt = paid ? 0 : this.debt - this.limit.limit() * (windows - 1);
            this.used = 0;
            this.start += windows * this.windowMicros;
        }
        return payDebt() || over;
    }

    private boolean payDebt() {
        long paid = Math.min(this.debt, this.limit.limit() - this.used);
        if (paid <= 0) {
            return false;
        }
        this.used += paid;
        this.debt -= paid;
        return true;
    }

    @Override
    public long waitMicros(long amount, long now, long meanHoldMicros) {
        if (this.used == 0 || this.used + this.debt + amount <= this.limit.limit()) {
            return 0;
        }
        return this.start + RateState.windows(this.debt + amount, this.limit.limit()) * this.windowMicros - now;
    }

    @Override
    public void take(long amount, long now) {
        if (this.used == 0) {
            this.start = now;
        }
        this.used += amount;
    }

    @Override
    public void charge(long amount, long now) {
        if (this.used == 0) {
            this.start = now;
        }
        long most = this.limit.limit() * RateState.mostWindows(this.limit);
        this.debt = Math.min(most, this.debt + amount);
        payDebt();
    }

    /** Gives back what was charged in the window that lasts. */
    @Override
    public boolean refund(long amount, long chargedAt, long now) {
        if (this.used == 0 || chargedAt < this.start) {
            return false;
        }
        long ofWindow = Math.min(amount, this.used);
        this.used -= ofWindow;
        this.debt -= Math.min(amount - ofWindow, this.debt);
        payDebt();
        return true;
    }

    @Override
    public long used(long now) {
        return this.used;
    }

    @Override
    public long debt(long now) {
        return this.debt;
    }

    @Override
    public LimitStatus status(long now) {
        long reset = (this.used > 0) ? this.start + this.windowMicros - now : 0;
        return new LimitStatus(this.limit, this.used + this.debt, Micros.toDuration(reset));
    }

    @Override
    public long idleAt() {
        long windows = 1 + RateState.windows(this.debt, this.limit.limit());
        return (this.used > 0) ? this.start + windows * this.windowMicros : 0;
    }
}
