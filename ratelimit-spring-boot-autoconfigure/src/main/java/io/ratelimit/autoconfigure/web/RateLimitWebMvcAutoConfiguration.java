package io.ratelimit.autoconfigure.web;

import io.ratelimit.autoconfigure.RateLimitProperties;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.LimitExceededHandler;
import io.ratelimit.web.RateLimitHeaders;
import io.ratelimit.web.servlet.LimitExceptionResolver;
import io.ratelimit.web.servlet.ResponseEndFilter;
import io.ratelimit.web.servlet.ServletCallContextSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

/**
 * Auto-configuration of limits in a servlet application with Spring MVC: {@code ip}, {@code user}, {@code header} and {@code param}
 * in expressions, header fields that tell how limits stand, slots that last until a response has ended, 429 for a refusal, 503 for an unavailable
 * backend.
 *
 * @since 0.1.0
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass(DispatcherServlet.class)
@ConditionalOnProperty(prefix = "ratelimit", name = "enabled", matchIfMissing = true)
@EnableConfigurationProperties(RateLimitProperties.class)
public final class RateLimitWebMvcAutoConfiguration {

    private final RateLimitHeaders headers;

    private final ClientAddress addresses;

    RateLimitWebMvcAutoConfiguration(RateLimitProperties properties) {
        this.headers = properties.web().headers();
        this.addresses = ClientAddresses.of(properties);
    }

    @Bean
    @ConditionalOnMissingBean
    ServletCallContextSource servletCallContextSource() {
        return new ServletCallContextSource(this.headers, this.addresses);
    }

    @Bean
    @ConditionalOnMissingBean
    ResponseEndFilter limitResponseEndFilter() {
        return new ResponseEndFilter();
    }

    @Bean
    @ConditionalOnMissingBean
    LimitExceptionResolver limitExceptionResolver(
            ObjectProvider<HandlerExceptionResolver> resolvers,
            ObjectProvider<LimitExceededHandler> handler,
            ObjectProvider<RequestMappingHandlerAdapter> adapters) {
        return new LimitExceptionResolver(this.headers, resolvers, handler.getIfAvailable(), adapters);
    }

    @Bean
    @ConditionalOnMissingBean(name = "limitExceptionLastResort")
    HandlerExceptionResolver limitExceptionLastResort(LimitExceptionResolver resolver) {
        return resolver.lastResort();
    }
}
