package io.ratelimit.web;

import java.time.Duration;

/**
 * Durations as HTTP fields carry them. Rounded up, so that whoever comes back after them is never too early.
 */
final class WholeSeconds {

    private static final Duration ALMOST_ONE_SECOND = Duration.ofNanos(999_999_999);

    private WholeSeconds() {}

    static long of(Duration duration) {
        return duration.plus(ALMOST_ONE_SECOND).toSeconds();
    }

    static long atLeastOne(Duration duration) {
        return Math.max(1, of(duration));
    }
}
