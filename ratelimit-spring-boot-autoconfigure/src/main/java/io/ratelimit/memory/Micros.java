package io.ratelimit.memory;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * The machine's unit of time.
 */
final class Micros {

    /** A time that never comes: the last whole number that the machine in Lua can count to as well. */
    static final long FOREVER = (1L << 53) - 1;

    private Micros() {}

    static long of(Duration duration) {
        return duration.toNanos() / 1_000;
    }

    static Duration toDuration(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
