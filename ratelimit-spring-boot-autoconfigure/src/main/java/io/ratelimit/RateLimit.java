package io.ratelimit;

import java.math.BigInteger;
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
 * @param burst how much may be taken at once: of a {@linkplain RateAlgorithm#isBucket() bucket} from 1 to 10,000,000, and no more than
 *     comes back in ten years; of any other algorithm the limit
 * @since 0.1.0
 */
public record RateLimit(String name, long limit, Duration window, RateAlgorithm algorithm, long burst)
        implements Limit {

    private static final Duration SHORTEST = Duration.ofMillis(1);

    private static final Duration LONGEST = Duration.ofDays(30);

    private static final Duration LONGEST_FILL = Duration.ofDays(3650);

    /**
     * Checks the values.
     *
     * @param name the name
     * @param limit how much may be taken per window
     * @param window the length of the window
     * @param algorithm how it counts
     * @param burst how much may be taken at once
     * @throws IllegalArgumentException for a value out of its range
     */
    public RateLimit {
        Names.check("limit name", name);
        Ranges.check(limit, 1, 10_000_000, () -> "limit of the rate limit '" + name + "'");
        Ranges.check(window, SHORTEST, LONGEST, () -> "window of the rate limit '" + name + "'");
        Ranges.check(burst, 1, 10_000_000, () -> "burst of the rate limit '" + name + "'");
        if (!algorithm.isBucket() && burst != limit) {
            throw new IllegalArgumentException(
                    "The burst of the rate limit '%s' is %d, but only token-bucket and leaky-bucket have a burst"
                            .formatted(name, burst));
        }
        Ranges.check(
                fillTime(burst, limit, window),
                Duration.ZERO,
                LONGEST_FILL,
                () -> "time in which the burst %d of the rate limit '%s' comes back".formatted(burst, name));
    }

    /**
     * Makes a limit with the default burst: of a token bucket as much as the limit, of a leaky bucket 1.
     *
     * @param name the name
     * @param limit how much may be taken per window
     * @param window the length of the window
     * @param algorithm how it counts
     * @throws IllegalArgumentException for a value out of its range
     */
    public RateLimit(String name, long limit, Duration window, RateAlgorithm algorithm) {
        this(name, limit, window, algorithm, (algorithm == RateAlgorithm.LEAKY_BUCKET) ? 1 : limit);
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

    /**
     * Returns the same limit with other numbers. The burst of a bucket stays, unless it is that of a token bucket and equals the limit:
     * then it does so afterwards, too.
     *
     * @param otherLimit how much may be taken per window
     * @param otherWindow the length of the window
     * @return the changed limit
     * @throws IllegalArgumentException for a value out of its range
     */
    public RateLimit changedTo(long otherLimit, Duration otherWindow) {
        boolean follows = this.algorithm != RateAlgorithm.LEAKY_BUCKET && this.burst == this.limit;
        return new RateLimit(this.name, otherLimit, otherWindow, this.algorithm, follows ? otherLimit : this.burst);
    }

    /**
     * Checks how much of a rate limit was used, as {@link Permit#update} takes it.
     *
     * @param name the name of the limit
     * @param actual how much was used, from 0 to 100,000,000
     * @throws IllegalArgumentException if it is out of that range
     */
    public static void checkActual(String name, long actual) {
        Ranges.check(actual, 0, 100_000_000, () -> "amount used of the limit '" + name + "'");
    }

    @Override
    public LimitKind kind() {
        return LimitKind.RATE;
    }

    /**
     * Returns the most that one acquisition can ever take: the limit of a window, the burst of a bucket.
     */
    @Override
    public long capacity() {
        return this.burst;
    }

    /**
     * Returns how long it takes until the whole {@linkplain #capacity() capacity} has come back: the window, or what it takes to fill a
     * bucket.
     *
     * @return the time, rounded up to whole microseconds
     */
    public Duration fillTime() {
        return fillTime(this.burst, this.limit, this.window);
    }

    private static Duration fillTime(long burst, long limit, Duration window) {
        BigInteger nanos = BigInteger.valueOf(window.toNanos()).multiply(BigInteger.valueOf(burst));
        BigInteger perMicro = BigInteger.valueOf(limit).multiply(BigInteger.valueOf(1_000));
        BigInteger[] micros = nanos.divideAndRemainder(perMicro);
        long rounded = micros[0].longValue() + micros[1].signum();
        return Duration.ofSeconds(rounded / 1_000_000, rounded % 1_000_000 * 1_000);
    }
}
