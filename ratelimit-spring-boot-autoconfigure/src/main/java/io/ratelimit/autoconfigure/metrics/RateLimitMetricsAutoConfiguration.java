package io.ratelimit.autoconfigure.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.metrics.LimitMetrics;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the {@linkplain LimitMetrics meters} of limits.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = RateLimitAutoConfiguration.class,
        afterName = {RateLimitMetricsAutoConfiguration.METRICS_BOOT_3, RateLimitMetricsAutoConfiguration.METRICS_BOOT_4
        })
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({MeterRegistry.class, ResourceRegistry.class})
public final class RateLimitMetricsAutoConfiguration {

    static final String METRICS_BOOT_3 =
            "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration";

    static final String METRICS_BOOT_4 =
            "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration";

    /**
     * Makes the auto-configuration.
     */
    public RateLimitMetricsAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    LimitMetrics limitMetrics(ResourceRegistry resources) {
        return new LimitMetrics(resources);
    }
}
