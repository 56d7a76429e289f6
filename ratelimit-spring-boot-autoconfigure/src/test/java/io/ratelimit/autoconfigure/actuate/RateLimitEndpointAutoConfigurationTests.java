package io.ratelimit.autoconfigure.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitOperations;
import io.ratelimit.Limiter;
import io.ratelimit.actuate.LimitsEndpoint;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import java.time.Duration;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class RateLimitEndpointAutoConfigurationTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(
                    AutoConfigurations.of(RateLimitAutoConfiguration.class, RateLimitEndpointAutoConfiguration.class))
            .withPropertyValues("ratelimit.backend=memory", "ratelimit.resources.pool.concurrency=10");

    private final ApplicationContextRunner exposed =
            this.runner.withPropertyValues("management.endpoints.web.exposure.include=limits");

    @Test
    void theEndpointShowsTheResourcesOnceExposed() {
        this.exposed.run((context) -> assertThat(
                        context.getBean(LimitsEndpoint.class).limits().resources())
                .containsOnlyKeys("pool"));
    }

    @Nested
    class ThereIsNoEndpoint {

        @Test
        void unlessItIsExposed() {
            runner.run((context) -> assertThat(context).doesNotHaveBean(LimitsEndpoint.class));
        }

        @Test
        void withoutAccess() {
            exposed.withPropertyValues("management.endpoint.limits.access=NONE")
                    .run((context) -> assertThat(context).doesNotHaveBean(LimitsEndpoint.class));
        }

        @Test
        void whereLimitsAreDisabled() {
            exposed.withPropertyValues("ratelimit.enabled=false")
                    .run((context) ->
                            assertThat(context).hasSingleBean(Limiter.class).doesNotHaveBean(LimitsEndpoint.class));
        }

        @Test
        void withoutActuator() {
            exposed.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
                    .run((context) ->
                            assertThat(context).hasSingleBean(Limiter.class).doesNotHaveBean("limitsEndpoint"));
        }
    }

    @Test
    void anEndpointOfTheUsersReplacesThisOne() {
        LimitsEndpoint own = new LimitsEndpoint(Mockito.mock(LimitOperations.class), Duration.ofSeconds(1));
        this.exposed
                .withBean("ownEndpoint", LimitsEndpoint.class, () -> own)
                .run((context) ->
                        assertThat(context).getBean(LimitsEndpoint.class).isSameAs(own));
    }
}
