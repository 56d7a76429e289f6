package io.ratelimit.boot3;

import io.ratelimit.LimitOperations;
import io.ratelimit.actuate.LimitsHealth;
import org.springframework.boot.actuate.health.AbstractHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.Status;

/**
 * Health {@code limits} on Spring Boot 3.5, the same as that on Spring Boot 4. Thread-safe.
 */
final class Boot3LimitsHealthIndicator extends AbstractHealthIndicator {

    private final LimitOperations operations;

    Boot3LimitsHealthIndicator(LimitOperations operations) {
        this.operations = operations;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        LimitsHealth health = LimitsHealth.of(this.operations);
        builder.status(health.up() ? Status.UP : Status.DOWN).withDetails(health.details());
    }
}
