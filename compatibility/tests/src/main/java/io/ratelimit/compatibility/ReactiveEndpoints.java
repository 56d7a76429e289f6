package io.ratelimit.compatibility;

import io.ratelimit.annotation.RateLimited;
import java.security.Principal;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Mono;

/** What only Spring WebFlux serves. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
class ReactiveEndpoints {

    /** Stands for the security of an application. */
    @Bean
    WebFilter principals() {
        return (exchange, chain) -> {
            String user = exchange.getRequest().getHeaders().getFirst("X-User");
            Principal principal = () -> user;
            return chain.filter(
                    (user != null)
                            ? exchange.mutate().principal(Mono.just(principal)).build()
                            : exchange);
        };
    }

    /** An endpoint that would block an event loop. */
    @RestController
    static class Controller {

        @GetMapping("/blocking")
        @RateLimited("plain")
        String blocking() {
            return "ok";
        }

        @ExceptionHandler
        String reason(IllegalStateException failure) {
            return failure.getMessage();
        }
    }
}
