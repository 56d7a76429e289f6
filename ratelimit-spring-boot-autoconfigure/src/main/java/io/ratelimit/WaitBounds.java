package io.ratelimit;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The bounds of what says how to wait, the same for requests, resources and defaults.
 */
final class WaitBounds {

    private static final Duration SHORTEST = Duration.ofMillis(1);

    private static final Duration LONGEST = Duration.ofDays(365);

    private static final int LONGEST_QUEUE = 1_000_000;

    private static final int HIGHEST_PRIORITY = 100;

    private WaitBounds() {}

    static void checkConfigured(String whose, @Nullable Duration maxWait, int maxQueue) {
        if (maxWait != null) {
            Ranges.check(maxWait, SHORTEST, LONGEST, () -> "max-wait of " + whose);
        }
        Ranges.check(maxQueue, 1, LONGEST_QUEUE, () -> "max-queue of " + whose);
    }

    static void checkRequested(String resource, @Nullable Duration maxWait, int priority) {
        if (maxWait != null) {
            Ranges.check(
                    maxWait, Duration.ZERO, LONGEST, () -> "max wait of a request for the resource '" + resource + "'");
        }
        Ranges.check(
                priority,
                -HIGHEST_PRIORITY,
                HIGHEST_PRIORITY,
                () -> "priority of a request for the resource '" + resource + "'");
    }
}
