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
            Ranges.check("max-wait of " + whose, maxWait, SHORTEST, LONGEST);
        }
        Ranges.check("max-queue of " + whose, maxQueue, 1, LONGEST_QUEUE);
    }

    static void checkRequested(String resource, @Nullable Duration maxWait, int priority) {
        String whose = "request for the resource '" + resource + "'";
        if (maxWait != null) {
            Ranges.check("max wait of a " + whose, maxWait, Duration.ZERO, LONGEST);
        }
        Ranges.check("priority of a " + whose, priority, -HIGHEST_PRIORITY, HIGHEST_PRIORITY);
    }
}
