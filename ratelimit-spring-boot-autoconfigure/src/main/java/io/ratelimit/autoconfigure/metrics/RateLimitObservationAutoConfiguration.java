package io.ratelimit.autoconfigure.metrics;

import io.micrometer.observation.ObservationRegistry;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.metrics.WaitObservations;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the {@linkplain WaitObservations observations} of calls that wait.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = RateLimitAutoConfiguration.class,
        afterName = {
            RateLimitObservationAutoConfiguration.OBSERVATION_BOOT_3,
            RateLimitObservationAutoConfiguration.OBSERVATION_BOOT_4
        })
@ConditionalOnClass(ObservationRegistry.class)
@ConditionalOnBean({ObservationRegistry.class, ResourceRegistry.class})
public final class RateLimitObservationAutoConfiguration {

    static final String OBSERVATION_BOOT_3 =
            "org.springframework.boot.actuate.autoconfigure.observation.ObservationAutoConfiguration";

    static final String OBSERVATION_BOOT_4 =
            "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration";

    /**
     * Makes the auto-configuration.
     */
    public RateLimitObservationAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    WaitObservations limitWaitObservations(ObservationRegistry registry) {
        return new WaitObservations(registry);
    }
}
