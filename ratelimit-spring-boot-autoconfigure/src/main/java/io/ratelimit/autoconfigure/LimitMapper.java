package io.ratelimit.autoconfigure;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.autoconfigure.RateLimitProperties.Concurrency;
import io.ratelimit.autoconfigure.RateLimitProperties.Rate;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Turns the properties of one limit into the limit. The domain types know the bounds; this class finds out which property is
 * out of them, by asking for one value at a time.
 */
final class LimitMapper {

    private static final String RATE_FIX = "Write a limit and a window, such as 100/1m.";

    private static final String NAME_FIX = "Rename the limit.";

    private static final String BURST_FIX = "Remove it, or set the algorithm to token-bucket or leaky-bucket.";

    /** {@code 100/m} is short for {@code 100/1m}. */
    private static final Pattern UNIT = Pattern.compile("ns|us|ms|s|m|h|d");

    private LimitMapper() {}

    /** Reads {@code 100/1m}, or {@code limit} and {@code window}; then {@code burst}. */
    static RateLimit rateLimit(String path, String name, Rate rate) {
        RateLimit plain = plainRateLimit(path, name, rate);
        if (rate.burst() == null) {
            return plain;
        }
        Setting burst = new Setting(path + ".burst", rate.burst());
        if (!rate.algorithm().isBucket()) {
            throw burst.wrong("The algorithm of the rate limit '%s' has no burst".formatted(name), BURST_FIX, null);
        }
        long number = burst.wholeNumber();
        return burst.make(
                () -> new RateLimit(name, plain.limit(), plain.window(), plain.algorithm(), number),
                Setting.NUMBER_FIX);
    }

    private static RateLimit plainRateLimit(String path, String name, Rate rate) {
        String limit = required(path, rate.limit(), RATE_FIX);
        if (rate.window() != null) {
            return rateLimit(
                    name,
                    new Setting(path + ".limit", limit),
                    new Setting(path + ".window", rate.window()),
                    rate.algorithm());
        }
        Setting setting = new Setting(path, limit);
        int slash = limit.indexOf('/');
        if (slash < 0) {
            throw setting.wrong("The rate limit '%s' has no window".formatted(name), RATE_FIX, null);
        }
        Setting window = setting.part(limit.substring(slash + 1));
        return rateLimit(
                name,
                setting.part(limit.substring(0, slash)),
                UNIT.matcher(window.text()).matches() ? setting.part("1" + window.text()) : window,
                rate.algorithm());
    }

    private static RateLimit rateLimit(String name, Setting limit, Setting window, RateAlgorithm algorithm) {
        limit.make(() -> new RateLimit(name, 1, Duration.ofSeconds(1), algorithm), NAME_FIX);
        long windows = windowsOfAWholeLimit(limit);
        long number = limit.wholeNumber(windows);
        limit.make(() -> new RateLimit(name, number, Duration.ofSeconds(1), algorithm), Setting.NUMBER_FIX);
        Duration length = window.duration();
        return window.make(
                () -> new RateLimit(name, number, length.multipliedBy(windows), algorithm), Setting.DURATION_FIX);
    }

    /** 2.5 a second are 5 in 2 seconds: returns in how many windows a limit with up to three decimals is whole. */
    private static long windowsOfAWholeLimit(Setting limit) {
        BigDecimal number = limit.number().stripTrailingZeros();
        if (number.scale() <= 0 || number.scale() > 3) {
            return 1;
        }
        BigInteger whole = BigInteger.TEN.pow(number.scale());
        return whole.divide(whole.gcd(number.unscaledValue())).longValueExact();
    }

    /** Reads {@code 10}, or {@code limit}, {@code lease} and {@code max-hold}. */
    static ConcurrencyLimit concurrencyLimit(String path, String name, Concurrency concurrency, Duration defaultLease) {
        boolean alone = concurrency.lease() == null && concurrency.maxHold() == null;
        String value = required(path, concurrency.limit(), Setting.NUMBER_FIX);
        Setting setting = new Setting(alone ? path : path + ".limit", value);
        setting.make(() -> new ConcurrencyLimit(name, 1, defaultLease, null), NAME_FIX);
        long limit = setting.wholeNumber();
        setting.make(() -> new ConcurrencyLimit(name, limit, defaultLease, null), Setting.NUMBER_FIX);

        Duration lease = defaultLease;
        if (concurrency.lease() != null) {
            Setting leaseSetting = new Setting(path + ".lease", concurrency.lease());
            Duration own = leaseSetting.duration();
            leaseSetting.make(() -> new ConcurrencyLimit(name, limit, own, null), Setting.DURATION_FIX);
            lease = own;
        }
        if (concurrency.maxHold() == null) {
            return new ConcurrencyLimit(name, limit, lease, null);
        }
        Setting maxHold = new Setting(path + ".max-hold", concurrency.maxHold());
        Duration checkedLease = lease;
        Duration longest = maxHold.duration();
        return maxHold.make(() -> new ConcurrencyLimit(name, limit, checkedLease, longest), Setting.DURATION_FIX);
    }

    private static String required(String path, @Nullable String limit, String fix) {
        if (limit == null || limit.isBlank()) {
            throw new LimitConfigurationException("The property '%s' gives no limit.".formatted(path), fix);
        }
        return limit;
    }
}
