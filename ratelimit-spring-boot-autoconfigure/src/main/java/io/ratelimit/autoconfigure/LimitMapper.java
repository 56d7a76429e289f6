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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Turns the properties of one limit into the limit. The domain types know the bounds; this class finds out which property is
 * out of them, by asking for one value at a time.
 */
final class LimitMapper {

    private static final String RATE_FIX = "Write a limit and a window, such as 100/1m.";

    private static final String NAME_FIX = "Rename the limit.";

    private static final Pattern SIMPLE_DURATION = Pattern.compile("(\\d{1,9})([A-Za-z]+)");

    private LimitMapper() {}

    /** Reads {@code 100/1m}, or {@code limit} and {@code window}. */
    static RateLimit rateLimit(String path, String name, Rate rate) {
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
        return rateLimit(
                name,
                setting.part(limit.substring(0, slash)),
                setting.part(limit.substring(slash + 1)),
                rate.algorithm());
    }

    private static RateLimit rateLimit(String name, Setting limit, Setting window, RateAlgorithm algorithm) {
        limit.make(() -> new RateLimit(name, 1, Duration.ofSeconds(1), algorithm), NAME_FIX);
        long number = wholeLimit(limit, window);
        limit.make(() -> new RateLimit(name, number, Duration.ofSeconds(1), algorithm), Setting.NUMBER_FIX);
        Duration length = window.duration();
        return window.make(() -> new RateLimit(name, number, length, algorithm), Setting.DURATION_FIX);
    }

    /**
     * A fraction is not scaled: 5 in any 2 seconds lets 5 through in one second, which 2.5 in any second does not. So the
     * choice is the reader's.
     */
    private static long wholeLimit(Setting limit, Setting window) {
        BigDecimal number = limit.number();
        Matcher matcher = SIMPLE_DURATION.matcher(window.text());
        int decimals = number.scale() > 0 ? number.stripTrailingZeros().scale() : 0;
        if (decimals <= 0 || decimals > 3 || !matcher.matches()) {
            return limit.wholeNumber();
        }
        BigInteger thousandths = number.movePointRight(3).toBigIntegerExact();
        BigInteger divisor = thousandths.gcd(BigInteger.valueOf(1000));
        BigInteger whole = thousandths.divide(divisor);
        BigInteger windows = BigInteger.valueOf(1000).divide(divisor).multiply(new BigInteger(matcher.group(1)));
        throw limit.wrong(
                "'%s' is not a whole number".formatted(limit.text()),
                "Write %s/%s%s, which lets up to %s through at once, or a whole number per %s."
                        .formatted(whole, windows, matcher.group(2), whole, window.text()),
                null);
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
