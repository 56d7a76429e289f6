package io.ratelimit.autoconfigure.actuate;

import io.ratelimit.LimitOperations;
import io.ratelimit.actuate.LimitsEndpoint;
import io.ratelimit.actuate.LimitsEndpointWebExtension;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.autoconfigure.RateLimitProperties;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.endpoint.expose.EndpointExposure;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the actuator endpoint {@code limits}.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = RateLimitAutoConfiguration.class)
@ConditionalOnClass({Endpoint.class, ConditionalOnAvailableEndpoint.class})
@ConditionalOnBean(LimitOperations.class)
public final class RateLimitEndpointAutoConfiguration {

    /**
     * Makes the auto-configuration.
     */
    public RateLimitEndpointAutoConfiguration() {}

    /** Waits twice as long as a command may take: the backend's own time-out comes first, with a better reason. */
    @Bean
    @ConditionalOnAvailableEndpoint
    @ConditionalOnMissingBean
    LimitsEndpoint limitsEndpoint(LimitOperations operations, RateLimitProperties properties) {
        return new LimitsEndpoint(operations, properties.commandTimeout().multipliedBy(2));
    }

    @Bean
    @ConditionalOnBean(LimitsEndpoint.class)
    @ConditionalOnAvailableEndpoint(exposure = EndpointExposure.WEB)
    @ConditionalOnMissingBean
    LimitsEndpointWebExtension limitsEndpointWebExtension(LimitsEndpoint endpoint) {
        return new LimitsEndpointWebExtension(endpoint);
    }
}
