package io.ratelimit.wholesystem;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;

/**
 * Waits for conditions, looking often: what is awaited is measured too.
 */
final class Awaiting {

    private static final Duration LONGEST = Duration.ofSeconds(60);

    private static final Duration OFTEN = Duration.ofMillis(5);

    private Awaiting() {}

    static void until(Callable<Boolean> condition) {
        until(LONGEST, condition);
    }

    static void until(Duration atMost, Callable<Boolean> condition) {
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(OFTEN)
                .atMost(atMost)
                .until(condition);
    }
}
