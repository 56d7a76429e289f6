package io.ratelimit.memory;

import io.ratelimit.RateLimit;
import org.jspecify.annotations.Nullable;

/**
 * What is used up of a rate limit. Debt is what was charged above what there was room for: it takes the room that comes back before
 * anybody else does.
 */
sealed interface RateState extends LimitState permits SlidingWindow, FixedWindow, Bucket {

    /** Debt is forgiven that would take longer than this to pay, so that all numbers stay whole in Lua too. */
    long CENTURY_MICROS = 36_500L * 24 * 60 * 60 * 1_000_000;

    long MOST_WINDOWS = 100_000_000;

    @Override
    RateLimit limit();

    /** Charges an amount, whether there is room or not. */
    void charge(long amount, long now);

    /** Gives back what was charged at a moment, as far as that still counts; returns whether there was something. */
    boolean refund(long amount, long chargedAt, long now);

    /** Returns what is used, without debt. */
    long used(long now);

    /** Returns the debt. */
    long debt(long now);

    /** Returns how many windows the greatest debt takes. */
    static long mostWindows(RateLimit limit) {
        return Math.min(CENTURY_MICROS / (Micros.of(limit.window()) + 1), MOST_WINDOWS);
    }

    /** Returns in how many windows a debt will be paid, or would have to, for an amount to fit. */
    static long windows(long amount, long limit) {
        return (amount + limit - 1) / limit;
    }

    /** Returns the state of a limit, taking over what was used of the one it replaces: where that counted otherwise, as if used now. */
    static RateState of(RateLimit limit, @Nullable LimitState before, long now) {
        if (before instanceof RateState same && limit.equals(same.limit())) {
            return same;
        }
        if (before instanceof SlidingWindow window
                && limit.algorithm() == window.limit().algorithm()) {
            return window.changedTo(limit);
        }
        if (before instanceof FixedWindow window
                && limit.algorithm() == window.limit().algorithm()) {
            return window.changedTo(limit);
        }
        RateState state = switch (limit.algorithm()) {
            case SLIDING_WINDOW -> new SlidingWindow(limit);
            case FIXED_WINDOW -> new FixedWindow(limit);
            case TOKEN_BUCKET, LEAKY_BUCKET -> new Bucket(limit);
        };
        if (before instanceof RateState rate) {
            rate.advance(now);
            state.takeOver(rate.used(now), rate.debt(now), now);
        }
        return state;
    }

    private void takeOver(long used, long debt, long now) {
        if (used > 0) {
            take(used, now);
        }
        if (debt > 0) {
            charge(debt, now);
        }
    }
}
