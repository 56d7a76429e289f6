package io.ratelimit.aop;

import org.jspecify.annotations.Nullable;

/**
 * Finds the surroundings of the call that is about to run on the current thread.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface CallContextSource {

    /**
     * Returns the surroundings of the current call.
     *
     * @return the surroundings, or {@code null} if the current thread is in none that this source knows
     */
    @Nullable
    CallContext current();
}
