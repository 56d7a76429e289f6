package io.ratelimit.memory;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import org.jspecify.annotations.Nullable;

/**
 * What is used up of one limit. All times are microseconds of the machine's clock.
 */
sealed interface LimitState permits RateState, SlotCount {

    Limit limit();

    /** Forgets what has come back by time alone; returns whether there was something. */
    boolean advance(long now);

    /** Returns when an amount will be there: 0 for now, else exact for rates and an estimate for slots. */
    long waitMicros(long amount, long now, long meanHoldMicros);

    void take(long amount, long now);

    LimitStatus status(long now);

    /** Returns from when on this is as if never used; 0 if it is so now, or if it depends on holders. */
    long idleAt();

    /** Returns the state of a limit, taking over what was used of the one it replaces. */
    static LimitState of(Limit limit, @Nullable LimitState before, long now) {
        return (limit instanceof RateLimit rate)
                ? RateState.of(rate, before, now)
                : new SlotCount((ConcurrencyLimit) limit);
    }
}
