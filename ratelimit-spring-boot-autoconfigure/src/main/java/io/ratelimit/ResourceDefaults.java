package io.ratelimit;

import java.time.Duration;

/**
 * What holds for every resource that does not say otherwise.
 *
 * @param lease how long a slot is kept without a sign of life of its holder; 10 seconds unless configured
 * @param policy what happens to a call that finds no permit; never {@link LimitPolicy#INHERIT}
 * @param onBackendFailure what happens to a call while the backend cannot be asked
 */
public record ResourceDefaults(Duration lease, LimitPolicy policy, BackendFailurePolicy onBackendFailure) {

    /** The values of an application that configures none: 10 seconds, reject, local. */
    public static final ResourceDefaults STANDARD =
            new ResourceDefaults(ConcurrencyLimit.DEFAULT_LEASE, LimitPolicy.REJECT, BackendFailurePolicy.LOCAL);

    /**
     * Checks the policy.
     *
     * @param lease how long a slot is kept without a sign of life of its holder
     * @param policy what happens to a call that finds no permit
     * @param onBackendFailure what happens to a call while the backend cannot be asked
     * @throws IllegalArgumentException if it is {@link LimitPolicy#INHERIT}
     */
    public ResourceDefaults {
        if (policy == LimitPolicy.INHERIT) {
            throw new IllegalArgumentException(
                    "The default policy cannot be INHERIT: there is nothing to inherit from");
        }
    }
}
