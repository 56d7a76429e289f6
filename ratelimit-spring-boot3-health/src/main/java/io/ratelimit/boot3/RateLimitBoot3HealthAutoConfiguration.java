package io.ratelimit.boot3;

import io.ratelimit.LimitOperations;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the health contributor {@code limits} on Spring Boot 3.5, if {@code management.health.limits.enabled} is
 * {@code true}. On Spring Boot 4, whose classes for health are others, it does nothing.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = RateLimitAutoConfiguration.class)
@ConditionalOnClass(HealthIndicator.class)
@ConditionalOnBooleanProperty("management.health.limits.enabled")
@ConditionalOnBean(LimitOperations.class)
public final class RateLimitBoot3HealthAutoConfiguration {

    /**
     * Makes the auto-configuration.
     */
    public RateLimitBoot3HealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "limitsHealthIndicator")
    Boot3LimitsHealthIndicator limitsHealthIndicator(LimitOperations operations) {
        return new Boot3LimitsHealthIndicator(operations);
    }
}
