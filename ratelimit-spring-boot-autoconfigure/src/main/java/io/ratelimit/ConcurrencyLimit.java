package io.ratelimit;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How many may use a resource at once: the number of slots. A value out of its range is an
 * {@link IllegalArgumentException} that names it.
 *
 * @param name the name, 1 to 64 of the characters {@code A-Z a-z 0-9 . _ -}
 * @param limit the number of slots, from 1 to 1,000,000
 * @param lease how long a slot is kept without a sign of life of its holder, from 100 ms to 1 day; live holders renew it
 *     every third of that
 * @param maxHold after it a slot is taken back although its holder lives, from 1 ms to 30 days; {@code null}: never
 * @since 0.1.0
 */
public record ConcurrencyLimit(
        String name, long limit, Duration lease, @Nullable Duration maxHold) implements Limit {

    /** The lease of a slot where none is given: 10 seconds. */
    public static final Duration DEFAULT_LEASE = Duration.ofSeconds(10);

    private static final Duration SHORTEST_LEASE = Duration.ofMillis(100);

    private static final Duration LONGEST_LEASE = Duration.ofDays(1);

    private static final Duration SHORTEST_HOLD = Duration.ofMillis(1);

    private static final Duration LONGEST_HOLD = Duration.ofDays(30);

    /**
     * Checks the values.
     *
     * @param name the name
     * @param limit the number of slots
     * @param lease how long a slot is kept without a sign of life of its holder
     * @param maxHold after it a slot is taken back although its holder lives
     * @throws IllegalArgumentException for a value out of its range
     */
    public ConcurrencyLimit {
        Names.check("limit name", name);
        Ranges.check(limit, 1, 1_000_000, () -> "limit of the concurrency limit '" + name + "'");
        Ranges.check(lease, SHORTEST_LEASE, LONGEST_LEASE, () -> "lease of the concurrency limit '" + name + "'");
        if (maxHold != null) {
            Ranges.check(
                    maxHold, SHORTEST_HOLD, LONGEST_HOLD, () -> "max-hold of the concurrency limit '" + name + "'");
        }
    }

    /**
     * Makes a limit named {@code default} with the default lease and no maximum hold.
     *
     * @param limit the number of slots
     * @return the limit
     */
    public static ConcurrencyLimit of(long limit) {
        return new ConcurrencyLimit(DEFAULT_NAME, limit, DEFAULT_LEASE, null);
    }

    @Override
    public LimitKind kind() {
        return LimitKind.CONCURRENCY;
    }
}
