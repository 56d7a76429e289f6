package io.ratelimit.redis;

import java.util.function.Consumer;

/**
 * Where the scripts take their time from.
 *
 * @param file the file that reads the clock
 * @param time adds what that file reads, behind all other arguments
 */
record ScriptClock(String file, Consumer<Arguments> time) {

    /** The clock of Redis itself. */
    static final ScriptClock REDIS = new ScriptClock("clock.lua", (arguments) -> {});
}
