package io.ratelimit.web.reactive;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.autoconfigure.web.RateLimitWebFluxAutoConfiguration;
import io.ratelimit.web.HttpClients;
import io.ratelimit.web.HttpContract;
import io.ratelimit.web.SharedAnswers;
import io.ratelimit.web.SharedEndpoints;
import io.ratelimit.web.Work;
import java.io.IOException;
import java.net.Socket;
import java.security.Principal;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.http.codec.autoconfigure.CodecsAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.HttpHandlerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.error.ErrorWebFluxAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Mono;

/** Spring WebFlux on Netty. */
class WebFluxHttpTests extends HttpContract {

    WebFluxHttpTests() {
        super(Application.class, WebApplicationType.REACTIVE);
    }

    @Override
    protected Stream<String> paths() {
        return Stream.concat(super.paths(), Stream.of("/function", "/function/plain"));
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aClientThatIsGoneFreesItsSlot(String path) throws IOException {
        Socket client = HttpClients.open(port(context()), path);
        awaitHolders("slots", 1);
        HttpClients.kill(client);
        awaitHolders("slots", 0);
    }

    @Test
    void aClientThatIsGoneLeavesTheQueue() throws IOException {
        Socket first = HttpClients.open(port(context()), "/busy");
        awaitHolders("single", 1);
        Socket second = HttpClients.open(port(context()), "/in-line");
        awaitQueue("single", 1);
        HttpClients.kill(second);
        awaitQueue("single", 0);
        HttpClients.kill(first);
        awaitHolders("single", 0);
    }

    @Test
    void blockingAnEventLoopIsRefusedWithWhatToDo() {
        assertThat(get(context(), "/blocking").body())
                .contains("must not be blocked")
                .contains("return a Mono, a Flux or a CompletableFuture");
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        NettyReactiveWebServerAutoConfiguration.class,
        HttpHandlerAutoConfiguration.class,
        CodecsAutoConfiguration.class,
        JacksonAutoConfiguration.class,
        WebFluxAutoConfiguration.class,
        ErrorWebFluxAutoConfiguration.class,
        TaskExecutionAutoConfiguration.class,
        RateLimitAutoConfiguration.class,
        RateLimitWebFluxAutoConfiguration.class
    })
    @Import({Work.class, SharedEndpoints.class, SharedAnswers.class, Endpoints.class, Handler.class})
    static class Application {

        /** Stands for the security of an application. */
        @Bean
        WebFilter principalFilter() {
            return (exchange, chain) -> {
                String user = exchange.getRequest().getHeaders().getFirst("X-User");
                Principal principal = () -> user;
                return chain.filter(
                        (user != null)
                                ? exchange.mutate()
                                        .principal(Mono.just(principal))
                                        .build()
                                : exchange);
            };
        }

        @Bean
        RouterFunction<ServerResponse> functions(Handler handler) {
            return RouterFunctions.route()
                    .GET("/function", handler::streaming)
                    .GET("/function/plain", handler::plain)
                    .build();
        }
    }

    static class Handler {

        private final Work work;

        Handler(Work work) {
            this.work = work;
        }

        @ConcurrencyLimited("slots")
        Mono<ServerResponse> streaming(ServerRequest request) {
            return ServerResponse.ok().body(this.work.mono(), String.class);
        }

        @ConcurrencyLimited("slots")
        Mono<ServerResponse> plain(ServerRequest request) {
            return this.work.mono().flatMap((text) -> ServerResponse.ok().bodyValue(text));
        }
    }

    @RestController
    static class Endpoints {

        @GetMapping("/blocking")
        @RateLimited("requests")
        String blocking() {
            return "ok";
        }

        @ExceptionHandler
        String reason(IllegalStateException failure) {
            return failure.getMessage();
        }
    }
}
