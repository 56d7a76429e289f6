package io.ratelimit;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What holds for every resource that does not say otherwise.
 *
 * @param lease how long a slot is kept without a sign of life of its holder; 10 seconds unless configured
 * @param policy what happens to a call that finds no permit; never {@link LimitPolicy#INHERIT}
 * @param maxWait how long a call waits at most under {@link LimitPolicy#BLOCK}, from 1 ms to 365 days; {@code null}: nothing is
 *     configured
 * @param maxQueue how many calls may wait for one resource and key, from 1 to 1,000,000; 1000 unless configured
 * @param onBackendFailure what happens to a call while the backend cannot be asked
 * @since 0.1.0
 */
public record ResourceDefaults(
        Duration lease,
        LimitPolicy policy,
        @Nullable Duration maxWait,
        int maxQueue,
        BackendFailurePolicy onBackendFailure) {

    /** How many calls may wait where nothing is configured: 1000. */
    public static final int DEFAULT_MAX_QUEUE = 1000;

    /** The values of an application that configures none: 10 seconds, reject, no max wait, 1000 in a queue, local. */
    public static final ResourceDefaults STANDARD = new ResourceDefaults(
            ConcurrencyLimit.DEFAULT_LEASE, LimitPolicy.REJECT, null, DEFAULT_MAX_QUEUE, BackendFailurePolicy.LOCAL);

    /**
     * Checks the policy and how to wait.
     *
     * @param lease how long a slot is kept without a sign of life of its holder
     * @param policy what happens to a call that finds no permit
     * @param maxWait how long a call waits at most
     * @param maxQueue how many calls may wait
     * @param onBackendFailure what happens to a call while the backend cannot be asked
     * @throws IllegalArgumentException if the policy is {@link LimitPolicy#INHERIT}, or a value is out of its range
     */
    public ResourceDefaults {
        if (policy == LimitPolicy.INHERIT) {
            throw new IllegalArgumentException(
                    "The default policy cannot be INHERIT: there is nothing to inherit from");
        }
        WaitBounds.checkConfigured("the defaults", maxWait, maxQueue);
    }
}
