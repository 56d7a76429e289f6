package io.ratelimit.autoconfigure.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.Limiter;
import io.ratelimit.actuate.LimitsDashboardEndpoint;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;

class RateLimitDashboardAutoConfigurationTests {

    private static final AutoConfigurations AUTO_CONFIGURATIONS =
            AutoConfigurations.of(RateLimitAutoConfiguration.class, RateLimitDashboardAutoConfiguration.class);

    private static final String[] ENABLED = {"ratelimit.backend=memory", "ratelimit.dashboard.enabled=true"};

    private static final String EXPOSED = "management.endpoints.web.exposure.include=limitsdashboard";

    private final WebApplicationContextRunner enabled = new WebApplicationContextRunner()
            .withConfiguration(AUTO_CONFIGURATIONS)
            .withPropertyValues(ENABLED);

    private final WebApplicationContextRunner exposed = this.enabled.withPropertyValues(EXPOSED);

    @Test
    void thereIsAPageOnceEnabledAndExposed() {
        this.exposed.run((context) -> assertThat(
                        context.getBean(LimitsDashboardEndpoint.class).page())
                .contains("<title>Limits</title>"));
    }

    @Test
    void thereIsAPageInAReactiveApplicationToo() {
        new ReactiveWebApplicationContextRunner()
                .withConfiguration(AUTO_CONFIGURATIONS)
                .withPropertyValues(ENABLED)
                .withPropertyValues(EXPOSED)
                .run((context) -> assertThat(context).hasSingleBean(LimitsDashboardEndpoint.class));
    }

    @Nested
    class ThereIsNoPage {

        @Test
        void unlessItIsEnabled() {
            new WebApplicationContextRunner()
                    .withConfiguration(AUTO_CONFIGURATIONS)
                    .withPropertyValues("ratelimit.backend=memory", EXPOSED)
                    .run((context) -> assertThat(context)
                            .hasSingleBean(Limiter.class)
                            .doesNotHaveBean(LimitsDashboardEndpoint.class));
        }

        @Test
        void unlessItIsExposed() {
            enabled.withPropertyValues("management.endpoints.web.exposure.include=limits")
                    .run((context) -> assertThat(context).doesNotHaveBean(LimitsDashboardEndpoint.class));
        }

        @Test
        void withoutAccess() {
            exposed.withPropertyValues("management.endpoint.limitsdashboard.access=NONE")
                    .run((context) -> assertThat(context).doesNotHaveBean(LimitsDashboardEndpoint.class));
        }

        @Test
        void whereLimitsAreDisabled() {
            exposed.withPropertyValues("ratelimit.enabled=false")
                    .run((context) -> assertThat(context)
                            .hasSingleBean(Limiter.class)
                            .doesNotHaveBean(LimitsDashboardEndpoint.class));
        }

        @Test
        void withoutAWeb() {
            new ApplicationContextRunner()
                    .withConfiguration(AUTO_CONFIGURATIONS)
                    .withPropertyValues(ENABLED)
                    .withPropertyValues(EXPOSED)
                    .run((context) -> assertThat(context)
                            .hasSingleBean(Limiter.class)
                            .doesNotHaveBean(LimitsDashboardEndpoint.class));
        }

        @Test
        void withoutActuator() {
            exposed.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
                    .run((context) -> assertThat(context)
                            .hasSingleBean(Limiter.class)
                            .doesNotHaveBean("limitsDashboardEndpoint"));
        }
    }

    @Test
    void anEndpointOfTheUsersReplacesThisOne() {
        LimitsDashboardEndpoint own = new LimitsDashboardEndpoint();
        this.exposed
                .withBean("ownEndpoint", LimitsDashboardEndpoint.class, () -> own)
                .run((context) -> assertThat(context)
                        .getBean(LimitsDashboardEndpoint.class)
                        .isSameAs(own));
    }
}
