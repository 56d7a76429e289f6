package io.ratelimit.autoconfigure.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.metrics.LimitMetrics;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class RateLimitMetricsAutoConfigurationTests {

    private final ApplicationContextRunner withoutRegistry = new ApplicationContextRunner()
            .withConfiguration(
                    AutoConfigurations.of(RateLimitAutoConfiguration.class, RateLimitMetricsAutoConfiguration.class))
            .withPropertyValues(
                    "ratelimit.backend=memory",
                    "ratelimit.lease=1s",
                    "ratelimit.resources.pool.concurrency=10",
                    "ratelimit.resources.pool.rate=100/1m");

    private final ApplicationContextRunner runner = this.withoutRegistry.withConfiguration(AutoConfigurations.of(
            MetricsAutoConfiguration.class,
            SimpleMetricsExportAutoConfiguration.class,
            CompositeMeterRegistryAutoConfiguration.class));

    @Nested
    class Present {

        @Test
        void seriesOfConfiguredResourcesExistBeforeTheFirstCall() {
            runner.run((context) -> {
                MeterRegistry registry = context.getBean(MeterRegistry.class);
                assertThat(registry.get("ratelimit.acquire")
                                .tags("resource", "pool", "outcome", "rejected")
                                .timer()
                                .count())
                        .isZero();
                assertThat(registry.get("ratelimit.slots.limit")
                                .tags("resource", "pool", "limit", "default")
                                .gauge()
                                .value())
                        .isEqualTo(10);
                assertThat(registry.get("ratelimit.rate.available")
                                .tags("resource", "pool", "limit", "default")
                                .gauge()
                                .value())
                        .isEqualTo(100);
            });
        }

        @Test
        void metersFollowTheEngine() {
            runner.run((context) -> {
                MeterRegistry registry = context.getBean(MeterRegistry.class);
                try (Permit permit = context.getBean(Limiter.class).acquire("pool")) {
                    assertThat(permit.isValid()).isTrue();
                    assertThat(registry.get("ratelimit.slots.held").gauge().value())
                            .isEqualTo(1);
                    // a heartbeat may have looked before this call and tell of it after it
                    await().untilAsserted(() -> {
                        assertThat(registry.get("ratelimit.slots.active")
                                        .gauge()
                                        .value())
                                .isEqualTo(1);
                        assertThat(registry.get("ratelimit.rate.available")
                                        .gauge()
                                        .value())
                                .isEqualTo(99);
                    });
                }
                assertThat(registry.get("ratelimit.acquire")
                                .tag("outcome", "acquired")
                                .timer()
                                .count())
                        .isEqualTo(1);
                assertThat(registry.get("ratelimit.hold").timer().count()).isEqualTo(1);
                assertThat(registry.get("ratelimit.slots.held").gauge().value()).isZero();
            });
        }
    }

    @Nested
    class BackOff {

        @Test
        void metersOfTheUsersReplaceThese() {
            LimitMetrics own = new LimitMetrics(new ResourceRegistry(ResourceDefaults.STANDARD, List.of()));
            runner.withBean(LimitMetrics.class, () -> own)
                    .run((context) ->
                            assertThat(context).getBean(LimitMetrics.class).isSameAs(own));
        }

        @Test
        void thereAreNoneWithoutARegistry() {
            withoutRegistry.run((context) ->
                    assertThat(context).hasSingleBean(Limiter.class).doesNotHaveBean(LimitMetrics.class));
        }

        @Test
        void aRegistryOfTheUsersIsEnough() {
            withoutRegistry
                    .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                    .run((context) -> assertThat(context).hasSingleBean(LimitMetrics.class));
        }
    }

    @Test
    void thereAreNoneWhereLimitsAreDisabled() {
        this.runner
                .withPropertyValues("ratelimit.enabled=false")
                .run((context) ->
                        assertThat(context).hasSingleBean(Limiter.class).doesNotHaveBean(LimitMetrics.class));
    }

    @Test
    void thereAreNoneWithoutMicrometer() {
        this.withoutRegistry
                .withClassLoader(new FilteredClassLoader("io.micrometer"))
                .run((context) ->
                        assertThat(context).hasSingleBean(Limiter.class).doesNotHaveBean("limitMetrics"));
    }
}
