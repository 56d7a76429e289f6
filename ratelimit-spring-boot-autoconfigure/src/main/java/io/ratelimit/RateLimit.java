package io.ratelimit;

import java.time.Duration;

/**
 * How often a resource may be used: {@code limit} per {@code window}.
 *
 * <p>{@code new RateLimit("requests", 500, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW)} admits at most 500 in any
 * minute, over all instances. A value out of its range is an {@link IllegalArgumentException} that names it.
 *
 * @param name the name, 1 to 64 of the characters {@code A-Z a-z 0-9 . _ -}
 * @param limit how much may be taken per window, from 1 to 10,000,000
 * @param window the length of the window, from 1 ms to 30 days
 * @param algorithm how it counts
 */
public record RateLimit(String name, long limit, Duration window, RateAlgorithm algorithm) implements Limit {

    private static final Duration SHORTEST = Duration.ofMillis(1);

    private static final Duration LONGEST = Duration.ofDays(30);

    /**
     * Checks the values.
     *
     * @param name the name
     * @param limit how much may be taken per window
     * @param window the length of the window
     * @param algorithm how it counts
     * @throws IllegalArgumentException for a value out of its range
     */
    public RateLimit {
        Names.check("limit name", name);
        Ranges.check("limit of the rate limit '" + name + "'", limit, 1, 10_000_000);
        Ranges.check("window of the rate limit '" + name + "'", window, SHORTEST, LONGEST);
    }

    /**
     * Makes a sliding-window limit named {@code default}.
     *
     * @param limit how much may be taken per window
     * @param window the length of the window
     * @return the limit
     */
    public static RateLimit of(long limit, Duration window) {
        return new RateLimit(DEFAULT_NAME, limit, window, RateAlgorithm.SLIDING_WINDOW);
    }

    @Override
    public LimitKind kind() {
        return LimitKind.RATE;
    }
}
