package io.ratelimit.autoconfigure.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.aop.CallContextSource;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.RateLimitHeaders;
import io.ratelimit.web.reactive.ExchangeCallContextSource;
import io.ratelimit.web.reactive.ExchangeFilter;
import io.ratelimit.web.reactive.LimitExceptionAdvice;
import io.ratelimit.web.reactive.LimitWebExceptionHandler;
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
import org.springframework.web.reactive.DispatcherHandler;
import org.springframework.web.reactive.result.method.annotation.ResponseEntityResultHandler;

class RateLimitWebFluxAutoConfigurationTests {

    private static final AutoConfigurations CONFIGURATION =
            AutoConfigurations.of(RateLimitWebFluxAutoConfiguration.class);

    private final ReactiveWebApplicationContextRunner runner =
            new ReactiveWebApplicationContextRunner().withConfiguration(CONFIGURATION);

    @Test
    void isRegistered() {
        assertThat(ImportCandidates.load(AutoConfiguration.class, getClass().getClassLoader()))
                .contains(RateLimitWebFluxAutoConfiguration.class.getName());
    }

    @Test
    void aReactiveApplicationGetsCallContextsAndAnswers() {
        this.runner.run((context) -> assertThat(context)
                .hasSingleBean(CallContextSource.class)
                .hasSingleBean(ExchangeCallContextSource.class)
                .hasSingleBean(ExchangeFilter.class)
                .hasSingleBean(LimitWebExceptionHandler.class)
                .hasSingleBean(LimitExceptionAdvice.class));
    }

    @Test
    void beansOfTheApplicationWin() {
        this.runner
                .withUserConfiguration(OwnBeans.class)
                .run((context) -> assertThat(context)
                        .hasSingleBean(ExchangeCallContextSource.class)
                        .hasBean("ownSource")
                        .hasSingleBean(ExchangeFilter.class)
                        .hasBean("ownFilter")
                        .hasSingleBean(LimitWebExceptionHandler.class)
                        .hasBean("ownHandler")
                        .hasSingleBean(LimitExceptionAdvice.class)
                        .hasBean("ownAdvice"));
    }

    @Test
    void nothingIsConfiguredWhereLimitsAreDisabled() {
        this.runner.withPropertyValues("ratelimit.enabled=false").run(this::assertNothingConfigured);
    }

    @Test
    void nothingIsConfiguredWithoutWebFlux() {
        this.runner
                .withClassLoader(new FilteredClassLoader(DispatcherHandler.class))
                .run(this::assertNothingConfigured);
    }

    @Test
    void nothingIsConfiguredOutsideOfReactiveApplications() {
        new ApplicationContextRunner().withConfiguration(CONFIGURATION).run(this::assertNothingConfigured);
        new WebApplicationContextRunner().withConfiguration(CONFIGURATION).run(this::assertNothingConfigured);
    }

    @Test
    void anImpossiblePrefixLengthFailsTheStartup() {
        this.runner
                .withPropertyValues("ratelimit.web.ipv6-prefix-length=0")
                .run((context) -> assertThat(context)
                        .hasFailed()
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(LimitConfigurationException.class)
                        .hasMessageContaining("'ratelimit.web.ipv6-prefix-length'")
                        .hasMessageContaining("is 0; it must be from 1 to 128"));
    }

    private <C extends ApplicationContext> void assertNothingConfigured(ApplicationContextAssertProvider<C> context) {
        assertThat(context)
                .hasNotFailed()
                .doesNotHaveBean(CallContextSource.class)
                .doesNotHaveBean(RateLimitWebFluxAutoConfiguration.class);
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnBeans {

        @Bean
        ExchangeCallContextSource ownSource() {
            return new ExchangeCallContextSource(RateLimitHeaders.NONE, new ClientAddress(64));
        }

        @Bean
        ExchangeFilter ownFilter() {
            return new ExchangeFilter();
        }

        @Bean
        LimitWebExceptionHandler ownHandler(ObjectProvider<ResponseEntityResultHandler> writers) {
            return new LimitWebExceptionHandler(RateLimitHeaders.NONE, null, writers);
        }

        @Bean
        LimitExceptionAdvice ownAdvice(LimitWebExceptionHandler handler, ApplicationContext beans) {
            return new LimitExceptionAdvice(handler, beans);
        }
    }
}
