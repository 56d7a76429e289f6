package io.ratelimit.autoconfigure.actuate;

import io.ratelimit.LimitOperations;
import io.ratelimit.actuate.LimitsDashboardEndpoint;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the actuator endpoint {@code limitsdashboard}, which exists only if {@code ratelimit.dashboard.enabled} says so.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = RateLimitAutoConfiguration.class)
@ConditionalOnWebApplication
@ConditionalOnBooleanProperty("ratelimit.dashboard.enabled")
@ConditionalOnClass({Endpoint.class, ConditionalOnAvailableEndpoint.class})
@ConditionalOnBean(LimitOperations.class)
public final class RateLimitDashboardAutoConfiguration {

    /**
     * Makes the auto-configuration.
     */
    public RateLimitDashboardAutoConfiguration() {}

    @Bean
    @ConditionalOnAvailableEndpoint
    @ConditionalOnMissingBean
    LimitsDashboardEndpoint limitsDashboardEndpoint() {
        return new LimitsDashboardEndpoint();
    }
}
