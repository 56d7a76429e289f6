package io.ratelimit.autoconfigure.web;

import io.ratelimit.autoconfigure.RateLimitProperties;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.LimitExceededHandler;
import io.ratelimit.web.RateLimitHeaders;
import io.ratelimit.web.reactive.ExchangeCallContextSource;
import io.ratelimit.web.reactive.ExchangeFilter;
import io.ratelimit.web.reactive.LimitExceptionAdvice;
import io.ratelimit.web.reactive.LimitWebExceptionHandler;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.web.reactive.DispatcherHandler;
import org.springframework.web.reactive.result.method.annotation.ResponseEntityResultHandler;

/**
 * Auto-configuration of limits in a reactive application with Spring WebFlux: {@code ip}, {@code user}, {@code header} and {@code param}
 * in expressions, header fields that tell how limits stand, slots that last until a response has ended, 429 for a refusal, 503 for an
 * unavailable backend.
 *
 * @since 0.1.0
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnClass(DispatcherHandler.class)
@ConditionalOnProperty(prefix = "ratelimit", name = "enabled", matchIfMissing = true)
@EnableConfigurationProperties(RateLimitProperties.class)
public final class RateLimitWebFluxAutoConfiguration {

    private final RateLimitHeaders headers;

    private final ClientAddress addresses;

    RateLimitWebFluxAutoConfiguration(RateLimitProperties properties) {
        this.headers = properties.web().headers();
        this.addresses = ClientAddresses.of(properties);
    }

    @Bean
    @ConditionalOnMissingBean
    ExchangeCallContextSource exchangeCallContextSource() {
        return new ExchangeCallContextSource(this.headers, this.addresses);
    }

    @Bean
    @ConditionalOnMissingBean
    ExchangeFilter limitExchangeFilter() {
        return new ExchangeFilter();
    }

    @Bean
    @ConditionalOnMissingBean
    LimitWebExceptionHandler limitWebExceptionHandler(
            ObjectProvider<LimitExceededHandler> handler, ObjectProvider<ResponseEntityResultHandler> writers) {
        return new LimitWebExceptionHandler(this.headers, handler.getIfAvailable(), writers);
    }

    @Bean
    @ConditionalOnMissingBean
    LimitExceptionAdvice limitExceptionAdvice(LimitWebExceptionHandler handler, ListableBeanFactory beans) {
        return new LimitExceptionAdvice(handler, beans);
    }
}
