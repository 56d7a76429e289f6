package io.ratelimit.compatibility;

import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;

/** What only Spring MVC serves. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
class ServletEndpoints {

    /** Stands for the security of an application. */
    @Bean
    Filter principals() {
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

    /** Endpoints that block a thread, or answer later in a way of the servlet stack. */
    @RestController
    static class Controller {

        private final Work work;

        Controller(Work work) {
            this.work = work;
        }

        @GetMapping("/blocking")
        @RateLimited(name = "requests")
        String blocking() {
            return "ok";
        }

        @GetMapping("/waiting")
        @ConcurrencyLimited("virtual")
        String waiting() {
            this.work.end().join();
            return Thread.currentThread().toString();
        }

        @GetMapping("/callable")
        @ConcurrencyLimited("slots")
        Callable<String> callable() {
            return this.work.end()::get;
        }

        @GetMapping("/deferred")
        @ConcurrencyLimited("slots")
        DeferredResult<String> deferred() {
            DeferredResult<String> result = new DeferredResult<>();
            this.work.end().thenAccept(result::setResult);
            return result;
        }

        @GetMapping("/streaming")
        @ConcurrencyLimited("slots")
        StreamingResponseBody streaming() {
            return (output) -> {
                try {
                    output.write(this.work.end().get().getBytes(StandardCharsets.UTF_8));
                } catch (InterruptedException | ExecutionException ex) {
                    throw new IOException(ex);
                }
            };
        }

        @GetMapping("/sse")
        @ConcurrencyLimited("slots")
        SseEmitter sse() {
            SseEmitter emitter = new SseEmitter();
            this.work.end().thenAccept((text) -> {
                try {
                    emitter.send(text);
                    emitter.complete();
                } catch (IOException ex) {
                    emitter.completeWithError(ex);
                }
            });
            return emitter;
        }
    }
}
