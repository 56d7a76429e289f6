package io.ratelimit.autoconfigure.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.actuate.LimitsEndpoint;
import io.ratelimit.actuate.ResourceDescription;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.autoconfigure.actuate.RateLimitEndpointAutoConfiguration;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.metrics.LimitMetrics;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

/** What is seen from outside, however many keys there are and whatever the backend does. */
class ScrapeTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RateLimitAutoConfiguration.class,
                    RateLimitMetricsAutoConfiguration.class,
                    RateLimitEndpointAutoConfiguration.class))
            .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
            .withPropertyValues(
                    "management.endpoints.web.exposure.include=limits",
                    "ratelimit.resources.api.key=user",
                    "ratelimit.resources.api.rate=1/1h",
                    "ratelimit.resources.pool.concurrency=3");

    private static MeterRegistry bound(ApplicationContext context) {
        MeterRegistry registry = context.getBean(MeterRegistry.class);
        context.getBean(LimitMetrics.class).bindTo(registry);
        return registry;
    }

    private static Set<Meter.Id> series(MeterRegistry registry) {
        return registry.getMeters().stream().map(Meter::getId).collect(Collectors.toSet());
    }

    @Test
    void tenThousandKeysAddNoSeriesAndLittleToTheAnswerOfTheEndpoint() {
        this.runner.withPropertyValues("ratelimit.backend=memory").run((context) -> {
            MeterRegistry registry = bound(context);
            Limiter limiter = context.getBean(Limiter.class);
            Set<Meter.Id> before = series(registry);
            for (int i = 0; i < 10_000; i++) {
                LimitRequest request = LimitRequest.of("api").key("user" + i);
                assertThat(limiter.tryAcquire(request)).isPresent();
                assertThat(limiter.tryAcquire(request)).isEmpty();
            }
            assertThat(series(registry)).isNotEmpty().isEqualTo(before);
            ResourceDescription api = context.getBean(LimitsEndpoint.class).resource("api", null);
            assertThat(api.hotKeys()).hasSize(10);
            assertThat(api.toString()).hasSizeLessThan(2_000);
        });
    }

    @Test
    void aBackendThatNeverAnswersIsNotAskedAndHoldsNothingUp() {
        LimitBackend silent = Mockito.mock(
                LimitBackend.class,
                (invocation) -> (invocation.getMethod().getReturnType() == CompletionStage.class)
                        ? new CompletableFuture<>()
                        : null);
        this.runner
                .withPropertyValues("ratelimit.lease=1h")
                .withBean(LimitBackend.class, () -> silent)
                .run((context) -> {
                    MeterRegistry registry = bound(context);
                    context.getBean(Limiter.class).acquireAsync(LimitRequest.of("pool"));
                    Mockito.clearInvocations(silent);
                    assertThat(registry.getMeters())
                            .isNotEmpty()
                            .allSatisfy((meter) -> meter.measure()
                                    .forEach((measurement) -> assertThat(measurement.getValue() < 0)
                                            .isFalse()));
                    Mockito.verifyNoInteractions(silent);
                });
    }
}
