package io.ratelimit;

import java.time.Duration;

/**
 * How one limit of one partition stood at one moment, by the very answer of the backend that decided a call.
 *
 * @param limit the limit; while instances with different configurations run, the one that the backend goes by
 * @param used how much is taken: in the window, of the burst of a bucket, or held now. Debt counts too, so it can be above the
 *     capacity, and above a limit that was lowered
 * @param reset when something of a rate limit comes back; zero for one that is unused, and for concurrency limits. A sliding window of
 *     60 s whose oldest event is 43 s old resets in 17 s, a fixed one that began 43 s ago as well; a bucket of 60 a minute resets within
 *     a second.
 * @since 0.1.0
 */
public record LimitStatus(Limit limit, long used, Duration reset) {

    /**
     * Returns how much is left to take now.
     *
     * @return the rest, 0 or more
     */
    public long remaining() {
        return Math.max(0, this.limit.capacity() - this.used);
    }
}
