package io.ratelimit.boot3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.ratelimit.LimitOperations;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class RateLimitBoot3HealthAutoConfigurationTests {

    private final LimitOperations operations = mock(LimitOperations.class);

    private final ApplicationContextRunner enabled = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(RateLimitBoot3HealthAutoConfiguration.class))
            .withBean(LimitOperations.class, () -> this.operations)
            .withPropertyValues("management.health.limits.enabled=true");

    private Health health() {
        Health[] health = new Health[1];
        this.enabled.run(
                (context) -> health[0] = context.getBean(HealthIndicator.class).health());
        return health[0];
    }

    @Test
    void runsOnTheLineThatItIsFor() {
        assertThat(SpringBootVersion.getVersion()).startsWith("3.5.");
    }

    @Test
    void thereIsNoneUnlessItIsAskedForAndLimitsAndItsClassesAreThere() {
        this.enabled
                .withPropertyValues("management.health.limits.enabled=false")
                .run((context) -> assertThat(context).doesNotHaveBean("limitsHealthIndicator"));
        this.enabled
                .withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate.health"))
                .run((context) -> assertThat(context).doesNotHaveBean("limitsHealthIndicator"));
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(RateLimitBoot3HealthAutoConfiguration.class))
                .withPropertyValues("management.health.limits.enabled=true")
                .run((context) -> assertThat(context).doesNotHaveBean("limitsHealthIndicator"));
    }

    @Test
    void itIsUpWhileTheBackendAnswers() {
        when(this.operations.backendAvailable()).thenReturn(true);
        when(this.operations.liveInstances()).thenReturn(2);
        assertThat(health().getStatus()).isEqualTo(Status.UP);
        assertThat(health().getDetails()).isEqualTo(Map.of("backend", "available", "liveInstances", 2));
    }

    @Test
    void itIsDownWhileTheBackendIsAway() {
        when(this.operations.resources()).thenReturn(List.of());
        assertThat(health().getStatus()).isEqualTo(Status.DOWN);
        assertThat(health().getDetails()).isEqualTo(Map.of("backend", "away", "onBackendFailure", Map.of()));
    }

    @Test
    void anIndicatorOfTheApplicationReplacesIt() {
        HealthIndicator own = () -> Health.unknown().build();
        this.enabled
                .withBean("limitsHealthIndicator", HealthIndicator.class, () -> own)
                .run((context) ->
                        assertThat(context.getBean(HealthIndicator.class)).isSameAs(own));
    }
}
