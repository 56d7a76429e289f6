package io.ratelimit;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * Range checks whose message names the value, the bounds and what they bound. What that is is put together only for a message: requests are
 * checked with every call.
 */
final class Ranges {

    private Ranges() {}

    static void check(long value, long lowest, long highest, Supplier<String> what) {
        if (value < lowest || value > highest) {
            throw new IllegalArgumentException(
                    "The %s is %d; it must be from %d to %d".formatted(what.get(), value, lowest, highest));
        }
    }

    static void check(Duration value, Duration lowest, Duration highest, Supplier<String> what) {
        if (value.compareTo(lowest) < 0 || value.compareTo(highest) > 0) {
            throw new IllegalArgumentException(
                    "The %s is %s; it must be from %s to %s".formatted(what.get(), value, lowest, highest));
        }
    }
}
