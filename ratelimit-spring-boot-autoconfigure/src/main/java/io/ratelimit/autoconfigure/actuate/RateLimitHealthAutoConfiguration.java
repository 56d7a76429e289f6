package io.ratelimit.autoconfigure.actuate;

import io.ratelimit.LimitOperations;
import io.ratelimit.actuate.LimitsHealthIndicator;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the health contributor {@code limits}, if {@code management.health.limits.enabled} is {@code true}.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = RateLimitAutoConfiguration.class)
@ConditionalOnClass(HealthIndicator.class)
@ConditionalOnBooleanProperty("management.health.limits.enabled")
@ConditionalOnBean(LimitOperations.class)
public final class RateLimitHealthAutoConfiguration {

    /**
     * Makes the auto-configuration.
     */
    public RateLimitHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "limitsHealthIndicator")
    LimitsHealthIndicator limitsHealthIndicator(LimitOperations operations) {
        return new LimitsHealthIndicator(operations);
    }
}
