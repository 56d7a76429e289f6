package io.ratelimit.memory;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * The machine's unit of time.
 */
final class Micros {

    private Micros() {}

    static long of(Duration duration) {
        return duration.toNanos() / 1_000;
    }

    static Duration toDuration(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
