package io.ratelimit.memory;

import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import io.ratelimit.memory.Pace.Level;

/**
 * A leaky bucket as a meter, which is a token bucket seen from the other side (the "generic cell rate algorithm" of ITU-T I.371): what is
 * taken is put in, and flows out evenly; it holds no more than the burst. All there is to know is when it will be empty.
 *
 * <p>Invariant: what was put in during any time, less what was refunded, is at most the burst and what flows out in that time, whenever
 * something is granted.
 */
final class Bucket implements RateState {

    private final RateLimit limit;

    private final Pace pace;

    private final LowWaters lows = new LowWaters();

    /** The time at which it is empty. */
    private Level empty = Level.EMPTY;

    Bucket(RateLimit limit) {
        this.limit = limit;
        this.pace = new Pace(limit.limit(), Micros.of(limit.window()));
    }

    @Override
    public RateLimit limit() {
        return this.limit;
    }

    @Override
    public boolean advance(long now) {
        return false;
    }

    @Override
    public long waitMicros(long amount, long now, long meanHoldMicros) {
        Level room = this.pace.time(Math.max(0, this.limit.burst() - amount));
        Level level = level(now);
        return (level.compareTo(room) <= 0)
                ? 0
                : this.pace.difference(level, room).roundedUp();
    }

    @Override
    public void take(long amount, long now) {
        charge(amount, now);
    }

    @Override
    public void charge(long amount, long now) {
        Level before = level(now);
        Level after = this.pace.sum(before, this.pace.time(within(amount)));
        this.lows.learn(now, before);
        setLevel(after.atMost(this.pace.time(mostAmount())), now);
    }

    @Override
    public boolean refund(long amount, long chargedAt, long now) {
        Level level = level(now);
        Level refunded = this.pace.time(within(amount)).atMost(this.lows.lowestSince(chargedAt, level));
        if (refunded.equals(Level.EMPTY)) {
            return false;
        }
        this.lows.lower(chargedAt, refunded, this.pace);
        setLevel(this.pace.difference(level, refunded), now);
        return true;
    }

    private Level level(long now) {
        return (this.empty.micros() < now) ? Level.EMPTY : new Level(this.empty.micros() - now, this.empty.parts());
    }

    private void setLevel(Level level, long now) {
        this.empty = new Level(now + level.micros(), level.parts());
    }

    private long within(long amount) {
        return Math.min(amount, mostAmount());
    }

    private long mostAmount() {
        return this.limit.limit() * RateState.mostWindows(this.limit);
    }

    @Override
    public long used(long now) {
        return Math.min(this.pace.amount(level(now)), this.limit.burst());
    }

    @Override
    public long debt(long now) {
        return Math.max(0, this.pace.amount(level(now)) - this.limit.burst());
    }

    @Override
    public LimitStatus status(long now) {
        Level level = level(now);
        long used = this.pace.amount(level);
        long reset = (used > 0)
                ? this.pace.difference(level, this.pace.time(used - 1)).roundedUp()
                : 0;
        return new LimitStatus(this.limit, used, Micros.toDuration(reset));
    }

    @Override
    public long idleAt() {
        return this.empty.roundedUp();
    }
}
