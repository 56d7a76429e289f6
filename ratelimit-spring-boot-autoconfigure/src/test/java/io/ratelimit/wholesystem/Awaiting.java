package io.ratelimit.wholesystem;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Waits for conditions, looking often: what is awaited is measured too.
 */
final class Awaiting {

    private static final Duration LONGEST = Duration.ofMinutes(3);

    private static final Duration OFTEN = Duration.ofMillis(5);

    private Awaiting() {}

    /**
     * Waits for three minutes at most: how long it takes on a busy machine decides nothing.
     *
     * @param what what is awaited
     * @param condition whether it is so
     * @param state describes how things stand if it does not come
     */
    static void until(String what, Callable<Boolean> condition, Supplier<?> state) {
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(OFTEN)
                    .atMost(LONGEST)
                    .until(condition);
        } catch (ConditionTimeoutException ex) {
            throw new AssertionError("Not within %s: %s. Instead: %s".formatted(LONGEST, what, state.get()), ex);
        }
    }
}
