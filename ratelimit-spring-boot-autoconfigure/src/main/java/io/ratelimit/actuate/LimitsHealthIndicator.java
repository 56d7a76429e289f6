package io.ratelimit.actuate;

import io.ratelimit.LimitOperations;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/**
 * Health {@code limits} on Spring Boot 4: {@code DOWN} while the backend that all instances share does not answer, with what each resource does meanwhile;
 * {@code UP} otherwise, however busy the limits are. Goes by the last calls of this instance and asks nobody. Thread-safe.
 *
 * @since 0.1.0
 */
public final class LimitsHealthIndicator extends AbstractHealthIndicator {

    private final LimitOperations operations;

    /**
     * Makes the indicator.
     *
     * @param operations what it goes by
     */
    public LimitsHealthIndicator(LimitOperations operations) {
        this.operations = operations;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        LimitsHealth health = LimitsHealth.of(this.operations);
        builder.status(health.up() ? Status.UP : Status.DOWN).withDetails(health.details());
    }
}
