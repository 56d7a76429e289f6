package io.ratelimit.autoconfigure.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.aop.CallContextSource;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.RateLimitHeaders;
import io.ratelimit.web.servlet.LimitExceptionResolver;
import io.ratelimit.web.servlet.ServletCallContextSource;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.ApplicationContextAssertProvider;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.AnnotationAwareOrderComparator;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

class RateLimitWebMvcAutoConfigurationTests {

    private static final AutoConfigurations CONFIGURATION =
            AutoConfigurations.of(RateLimitWebMvcAutoConfiguration.class);

    private final WebApplicationContextRunner runner =
            new WebApplicationContextRunner().withConfiguration(CONFIGURATION);

    @Test
    void isRegistered() {
        assertThat(ImportCandidates.load(AutoConfiguration.class, getClass().getClassLoader()))
                .contains(RateLimitWebMvcAutoConfiguration.class.getName());
    }

    @Test
    void aServletApplicationGetsCallContextsAndAnswers() {
        this.runner.run((context) -> assertThat(context)
                .hasSingleBean(CallContextSource.class)
                .hasSingleBean(ServletCallContextSource.class)
                .hasSingleBean(LimitExceptionResolver.class)
                .hasBean("limitExceptionLastResort"));
    }

    @Test
    void theLastResortIsAskedAfterTheResolverAndAfterSpringMvc() {
        this.runner.run((context) -> {
            var resolvers = context.getBeanProvider(HandlerExceptionResolver.class).stream()
                    .sorted(AnnotationAwareOrderComparator.INSTANCE)
                    .toList();

            assertThat(resolvers)
                    .containsExactly(
                            context.getBean(LimitExceptionResolver.class),
                            context.getBean("limitExceptionLastResort", HandlerExceptionResolver.class));
            assertThat(context.getBean(LimitExceptionResolver.class).getOrder()).isNegative();
        });
    }

    @Test
    void beansOfTheApplicationWin() {
        this.runner.withUserConfiguration(OwnBeans.class).run((context) -> {
            assertThat(context).hasSingleBean(ServletCallContextSource.class).hasBean("ownSource");
            assertThat(context).hasSingleBean(LimitExceptionResolver.class).hasBean("ownResolver");
        });
    }

    @Test
    void anotherSourceOfCallContextsStandsBesideTheServletOne() {
        this.runner
                .withBean("messages", CallContextSource.class, () -> () -> null)
                .run((context) -> assertThat(context.getBeansOfType(CallContextSource.class))
                        .containsOnlyKeys("messages", "servletCallContextSource"));
    }

    @Test
    void nothingIsConfiguredWhereLimitsAreDisabled() {
        this.runner.withPropertyValues("ratelimit.enabled=false").run(this::assertNothingConfigured);
    }

    @Test
    void nothingIsConfiguredWithoutSpringMvc() {
        this.runner
                .withClassLoader(new FilteredClassLoader(DispatcherServlet.class))
                .run(this::assertNothingConfigured);
    }

    @Test
    void nothingIsConfiguredOutsideOfServletApplications() {
        new ApplicationContextRunner().withConfiguration(CONFIGURATION).run(this::assertNothingConfigured);
        new ReactiveWebApplicationContextRunner()
                .withConfiguration(CONFIGURATION)
                .run(this::assertNothingConfigured);
    }

    @Test
    void anUnknownStyleOfFieldsFailsTheStartup() {
        this.runner
                .withPropertyValues("ratelimit.web.headers=fancy")
                .run((context) ->
                        assertThat(context).hasFailed().getFailure().hasStackTraceContaining("ratelimit.web.headers"));
    }

    private <C extends ApplicationContext> void assertNothingConfigured(ApplicationContextAssertProvider<C> context) {
        assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(CallContextSource.class)
                .doesNotHaveBean(HandlerExceptionResolver.class);
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnBeans {

        @Bean
        ServletCallContextSource ownSource() {
            return new ServletCallContextSource(RateLimitHeaders.NONE, new ClientAddress(64));
        }

        @Bean
        LimitExceptionResolver ownResolver(
                ObjectProvider<HandlerExceptionResolver> resolvers,
                ObjectProvider<RequestMappingHandlerAdapter> adapters) {
            return new LimitExceptionResolver(RateLimitHeaders.NONE, resolvers, null, adapters);
        }
    }
}
