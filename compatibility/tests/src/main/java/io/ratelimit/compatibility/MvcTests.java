package io.ratelimit.compatibility;

import io.ratelimit.web.HttpContract;
import io.ratelimit.web.SharedAnswers;
import io.ratelimit.web.SharedEndpoints;
import io.ratelimit.web.Work;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.security.Principal;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** What clients of Spring MVC get. */
class MvcTests extends HttpContract {

    MvcTests() {
        super(Application.class, WebApplicationType.SERVLET);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({Work.class, SharedEndpoints.class, SharedAnswers.class})
    static class Application {

        /** Stands for the security of an application. */
        @Bean
        Filter principalFilter() {
            return (request, response, chain) -> chain.doFilter(
                    new HttpServletRequestWrapper((HttpServletRequest) request) {
                        @Override
                        public @Nullable Principal getUserPrincipal() {
                            String user = getHeader("X-User");
                            return (user != null) ? () -> user : null;
                        }
                    },
                    response);
        }
    }
}
