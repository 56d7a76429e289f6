package io.ratelimit;

import java.time.Duration;

/**
 * Range checks whose message names the value, the bounds and what they bound.
 */
final class Ranges {

    private Ranges() {}

    static void check(String what, long value, long lowest, long highest) {
        if (value < lowest || value > highest) {
            throw new IllegalArgumentException(
                    "The %s is %d; it must be from %d to %d".formatted(what, value, lowest, highest));
        }
    }

    static void check(String what, Duration value, Duration lowest, Duration highest) {
        if (value.compareTo(lowest) < 0 || value.compareTo(highest) > 0) {
            throw new IllegalArgumentException(
                    "The %s is %s; it must be from %s to %s".formatted(what, value, lowest, highest));
        }
    }
}
