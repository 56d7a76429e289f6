package io.ratelimit.web.servlet;

import static java.util.Objects.requireNonNull;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitStatus;
import io.ratelimit.aop.CallContextSource;
import io.ratelimit.autoconfigure.web.RateLimitWebMvcAutoConfiguration;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.http.converter.autoconfigure.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.servlet.autoconfigure.HttpEncodingAutoConfiguration;
import org.springframework.boot.tomcat.autoconfigure.servlet.TomcatServletWebServerAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.error.ErrorMvcAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;

/** A servlet application whose endpoints do what the advice of annotated methods and the API would do. */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({
    TomcatServletWebServerAutoConfiguration.class,
    HttpEncodingAutoConfiguration.class,
    DispatcherServletAutoConfiguration.class,
    HttpMessageConvertersAutoConfiguration.class,
    JacksonAutoConfiguration.class,
    WebMvcAutoConfiguration.class,
    ErrorMvcAutoConfiguration.class,
    RateLimitWebMvcAutoConfiguration.class
})
@Import(LimitedApplication.Endpoints.class)
class LimitedApplication {

    @Bean
    RouterFunction<ServerResponse> functionalEndpoint() {
        return RouterFunctions.route()
                .GET("/refused/function", (request) -> {
                    throw Limits.openaiRefusal();
                })
                .build();
    }

    @RestController
    static class Endpoints {

        private final CallContextSource source;

        Endpoints(CallContextSource source) {
            this.source = source;
        }

        @GetMapping("/granted")
        String granted() {
            decided("openai", Limits.openai(458));
            return "ok";
        }

        @GetMapping("/granted/both")
        String grantedBoth() {
            decided("openai", Limits.openai(458));
            decided("postgres-pool", Limits.postgresPool(4));
            return "ok";
        }

        @GetMapping("/granted/twice")
        String grantedTwice() {
            decided("openai", Limits.openai(458));
            decided("openai", Limits.openai(459));
            return "ok";
        }

        @GetMapping("/granted/late")
        void grantedLate(HttpServletResponse response) throws IOException {
            response.flushBuffer();
            decided("openai", Limits.openai(458));
            response.getOutputStream().print("ok");
        }

        @GetMapping("/ip")
        @Nullable
        String ip() {
            return requireNonNull(this.source.current()).ip();
        }

        @GetMapping("/unlimited")
        String unlimited() {
            return "ok";
        }

        @GetMapping("/forwarding")
        void forwarding(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
            decided("postgres-pool", Limits.postgresPool(4));
            request.getRequestDispatcher("/granted").forward(request, response);
        }

        @GetMapping("/broken")
        String broken() {
            decided("openai", Limits.openai(458));
            throw new IllegalStateException("broken");
        }

        @GetMapping("/refused")
        String refused() {
            throw Limits.openaiRefusal();
        }

        @GetMapping("/refused/annotated")
        String refusedAnnotated() {
            decided("postgres-pool", Limits.postgresPool(4));
            decided("openai", Limits.openai(500));
            throw Limits.openaiRefusal();
        }

        @GetMapping("/refused/slots")
        String refusedSlots() {
            throw Limits.postgresPoolRefusal();
        }

        @GetMapping(path = "/refused/csv", produces = "text/csv")
        String refusedCsv() {
            throw Limits.openaiRefusal();
        }

        @GetMapping("/refused/download")
        void refusedDownload(HttpServletResponse response) throws IOException {
            response.setContentType("text/csv");
            response.setHeader("Content-Disposition", "attachment; filename=report.csv");
            response.setHeader("X-Kept", "yes");
            response.getOutputStream().print("id,name");
            throw Limits.openaiRefusal();
        }

        @GetMapping("/refused/completion")
        String refusedCompletion() {
            throw new CompletionException(Limits.openaiRefusal());
        }

        @GetMapping("/refused/execution")
        String refusedExecution() throws ExecutionException {
            throw new ExecutionException(Limits.openaiRefusal());
        }

        @GetMapping("/refused/undeclared")
        String refusedUndeclared() {
            throw new UndeclaredThrowableException(Limits.openaiRefusal());
        }

        @GetMapping("/refused/inside")
        String refusedInside() {
            throw new ExportFailed(Limits.openaiRefusal());
        }

        @GetMapping("/unavailable")
        String unavailable() {
            throw new BackendUnavailableException("redis://user:secret@10.0.0.7 does not answer");
        }

        private void decided(String resource, List<LimitStatus> limits) {
            requireNonNull(this.source.current()).decided(resource, limits);
        }
    }

    static final class ExportFailed extends RuntimeException {

        private static final long serialVersionUID = 1L;

        ExportFailed(Throwable cause) {
            super("The export failed", cause);
        }
    }
}
