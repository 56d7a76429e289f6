package io.ratelimit.compatibility;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Limited endpoints that both web stacks serve. */
@RestController
class Endpoints {

    private final Work work;

    Endpoints(Work work) {
        this.work = work;
    }

    @GetMapping("/rate")
    @RateLimited("requests")
    Mono<String> rate() {
        return Mono.just("ok");
    }

    @GetMapping("/user")
    @RateLimited(name = "by-user", key = "user")
    Mono<String> byUser() {
        return Mono.just("ok");
    }

    @GetMapping("/param")
    @RateLimited(name = "by-user", key = "'param:' + param('q')")
    Mono<String> byParam() {
        return Mono.just("ok");
    }

    @GetMapping("/ip")
    @RateLimited(limit = 1000, window = "1h", key = "ip")
    Mono<String> byIp() {
        return Mono.just("ok");
    }

    @GetMapping(path = "/ticks", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    @ConcurrencyLimited("streams")
    Flux<Long> ticks() {
        return Flux.interval(Duration.ofMillis(10)).onBackpressureDrop();
    }

    @GetMapping("/mono")
    @ConcurrencyLimited("slots")
    Mono<String> mono() {
        return Mono.fromFuture(this.work.end(), true);
    }

    @GetMapping("/stage")
    @ConcurrencyLimited("slots")
    CompletionStage<String> stage() {
        return this.work.end();
    }

    @GetMapping("/line")
    @ConcurrencyLimited("line")
    Mono<String> line() {
        return Mono.fromFuture(this.work.end(), true);
    }

    @GetMapping("/failing")
    @RateLimited("requests")
    Mono<String> failing() {
        return Mono.error(new IllegalStateException("broken"));
    }

    @GetMapping("/unavailable")
    Mono<String> unavailable() {
        return Mono.error(new BackendUnavailableException("redis://user:secret@10.0.0.7 does not answer"));
    }
}
