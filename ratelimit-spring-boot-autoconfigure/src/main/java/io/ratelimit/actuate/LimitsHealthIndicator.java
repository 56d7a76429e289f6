package io.ratelimit.actuate;

import io.ratelimit.LimitOperations;
import io.ratelimit.ResourceDefinition;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/**
 * Health {@code limits}: {@code DOWN} while the backend that all instances share does not answer, with what each resource does meanwhile;
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
        if (this.operations.backendAvailable()) {
            builder.up()
                    .withDetail("backend", "available")
                    .withDetail("liveInstances", this.operations.liveInstances());
            return;
        }
        Map<String, String> meanwhile = new TreeMap<>();
        for (ResourceDefinition definition : this.operations.resources()) {
            if (!definition.perInstance()) {
                meanwhile.put(
                        definition.name(), definition.onBackendFailure().name().toLowerCase(Locale.ROOT));
            }
        }
        builder.down().withDetail("backend", "away").withDetail("onBackendFailure", meanwhile);
    }
}
