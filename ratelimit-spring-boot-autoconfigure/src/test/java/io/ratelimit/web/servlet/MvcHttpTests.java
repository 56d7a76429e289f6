package io.ratelimit.web.servlet;

import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.autoconfigure.web.RateLimitWebMvcAutoConfiguration;
import io.ratelimit.web.HttpContract;
import io.ratelimit.web.SharedAnswers;
import io.ratelimit.web.SharedEndpoints;
import io.ratelimit.web.Work;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.http.converter.autoconfigure.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.servlet.autoconfigure.HttpEncodingAutoConfiguration;
import org.springframework.boot.tomcat.autoconfigure.servlet.TomcatServletWebServerAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.error.ErrorMvcAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.WebAsyncTask;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;
import reactor.core.publisher.Flux;

/** Spring MVC on Tomcat. */
class MvcHttpTests extends HttpContract {

    MvcHttpTests() {
        super(Application.class, WebApplicationType.SERVLET);
    }

    @Override
    protected Stream<String> paths() {
        return Stream.concat(
                super.paths(),
                Stream.of(
                        "/callable",
                        "/task",
                        "/deferred",
                        "/streaming",
                        "/streaming/entity",
                        "/streaming/hidden",
                        "/emitter",
                        "/sse",
                        "/sse/entity"));
    }

    @Override
    protected Stream<String> streams() {
        return Stream.concat(super.streams(), Stream.of("/sse/ticks"));
    }

    @Override
    protected Stream<String> timeouts() {
        return Stream.concat(super.timeouts(), Stream.of("/deferred/timeout", "/task/timeout", "/sse/timeout"));
    }

    @Override
    protected int gone(ConfigurableApplicationContext server) {
        return super.gone(server) + server.getBean(Endpoints.class).gone();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        TomcatServletWebServerAutoConfiguration.class,
        HttpEncodingAutoConfiguration.class,
        DispatcherServletAutoConfiguration.class,
        HttpMessageConvertersAutoConfiguration.class,
        JacksonAutoConfiguration.class,
        WebMvcAutoConfiguration.class,
        ErrorMvcAutoConfiguration.class,
        TaskExecutionAutoConfiguration.class,
        RateLimitAutoConfiguration.class,
        RateLimitWebMvcAutoConfiguration.class
    })
    @Import({Work.class, SharedEndpoints.class, SharedAnswers.class, Endpoints.class})
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

    @RestController
    static class Endpoints {

        private final Work work;

        private final AtomicInteger gone = new AtomicInteger();

        Endpoints(Work work) {
            this.work = work;
        }

        int gone() {
            return this.gone.get();
        }

        @GetMapping("/callable")
        @ConcurrencyLimited("slots")
        Callable<String> callable() {
            return this.work.end()::get;
        }

        @GetMapping("/task")
        @ConcurrencyLimited("slots")
        WebAsyncTask<String> task() {
            return new WebAsyncTask<>(this.work.end()::get);
        }

        @GetMapping("/task/timeout")
        @ConcurrencyLimited("slots")
        WebAsyncTask<String> taskTimeout() {
            return new WebAsyncTask<>(10L, this.work.end()::get);
        }

        @GetMapping("/deferred")
        @ConcurrencyLimited("slots")
        DeferredResult<String> deferred() {
            DeferredResult<String> result = new DeferredResult<>();
            this.work.end().whenComplete((value, failure) -> {
                if (failure != null) {
                    result.setErrorResult(failure);
                } else {
                    result.setResult(value);
                }
            });
            return result;
        }

        @GetMapping("/deferred/timeout")
        @ConcurrencyLimited("slots")
        DeferredResult<String> deferredTimeout() {
            return new DeferredResult<>(10L);
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

        @GetMapping("/streaming/entity")
        @ConcurrencyLimited("slots")
        ResponseEntity<StreamingResponseBody> streamingEntity() {
            return ResponseEntity.ok().contentType(MediaType.TEXT_PLAIN).body(streaming());
        }

        @GetMapping("/streaming/hidden")
        @ConcurrencyLimited("slots")
        ResponseEntity<?> hidden() {
            return ResponseEntity.ok(emitter());
        }

        @GetMapping("/emitter")
        @ConcurrencyLimited("slots")
        ResponseBodyEmitter emitter() {
            return following(new ResponseBodyEmitter());
        }

        @GetMapping("/sse")
        @ConcurrencyLimited("slots")
        SseEmitter sse() {
            return following(new SseEmitter());
        }

        @GetMapping("/sse/entity")
        @ConcurrencyLimited("slots")
        ResponseEntity<SseEmitter> sseEntity() {
            return ResponseEntity.ok(sse());
        }

        @GetMapping("/sse/timeout")
        @ConcurrencyLimited("slots")
        SseEmitter sseTimeout() {
            return new SseEmitter(10L);
        }

        @GetMapping("/sse/ticks")
        @ConcurrencyLimited("slots")
        SseEmitter ticks() {
            SseEmitter emitter = new SseEmitter(0L);
            emitter.onCompletion(this.gone::incrementAndGet);
            Flux.interval(Duration.ofMillis(10))
                    .onBackpressureDrop()
                    .takeUntil((tick) -> failsToSend(emitter))
                    .subscribe();
            return emitter;
        }

        private static boolean failsToSend(SseEmitter emitter) {
            try {
                emitter.send("tick");
                return false;
            } catch (IOException | IllegalStateException ex) {
                return true;
            }
        }

        private <E extends ResponseBodyEmitter> E following(E emitter) {
            this.work.end().whenComplete((value, failure) -> {
                if (failure != null) {
                    emitter.completeWithError(failure);
                    return;
                }
                try {
                    emitter.send(value);
                    emitter.complete();
                } catch (IOException ex) {
                    emitter.completeWithError(ex);
                }
            });
            return emitter;
        }
    }
}
