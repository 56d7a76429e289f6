package io.ratelimit.web;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import io.reactivex.rxjava3.core.Single;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Limited endpoints that both web stacks serve. */
@RestController
public class SharedEndpoints {

    private final Work work;

    private final AtomicInteger gone = new AtomicInteger();

    private final AtomicInteger observed = new AtomicInteger();

    /** Makes them over some work. */
    public SharedEndpoints(Work work) {
        this.work = work;
    }

    /** Returns how many streams the server knows to be gone. */
    public int gone() {
        return this.gone.get();
    }

    int observed() {
        return this.observed.get();
    }

    @RequestMapping("/rate")
    @RateLimited("requests")
    Mono<String> rate() {
        return Mono.just("ok");
    }

    @GetMapping("/rate/stage")
    @RateLimited("requests")
    CompletionStage<String> rateStage() {
        return CompletableFuture.completedStage("ok");
    }

    @GetMapping(path = "/rate/csv", produces = "text/csv")
    @RateLimited("requests")
    Mono<String> csv() {
        return Mono.just("ok");
    }

    @GetMapping("/both")
    @ConcurrencyLimited("pool")
    @RateLimited("requests")
    Mono<String> both() {
        return Mono.just("ok");
    }

    @GetMapping("/busy")
    @ConcurrencyLimited("single")
    Mono<String> busy() {
        return this.work.mono();
    }

    @GetMapping("/in-line")
    @ConcurrencyLimited(name = "single", policy = LimitPolicy.BLOCK, maxWait = "1m")
    Mono<String> inLine() {
        return Mono.just("ok");
    }

    @GetMapping("/in-vain")
    @ConcurrencyLimited(name = "single", policy = LimitPolicy.BLOCK, maxWait = "10ms")
    Mono<String> inVain() {
        return Mono.just("ok");
    }

    @GetMapping("/keyed/ip")
    @RateLimited(name = "keyed", key = "ip")
    Mono<String> byIp() {
        return Mono.just("ok");
    }

    @GetMapping("/keyed/header")
    @RateLimited(name = "keyed", key = "header('X-Api-Key')")
    Mono<String> byHeader() {
        return Mono.just("ok");
    }

    @GetMapping("/keyed/param")
    @RateLimited(name = "keyed", key = "param('q')")
    Mono<String> byParam() {
        return Mono.just("ok");
    }

    @GetMapping("/keyed/user")
    @RateLimited(name = "keyed", key = "user")
    Mono<String> byUser() {
        return Mono.just("ok");
    }

    @GetMapping("/observed")
    @ConcurrencyLimited("observed")
    Mono<String> observedMono() {
        this.observed.incrementAndGet();
        return this.work.mono();
    }

    @GetMapping("/observed/stage")
    @ConcurrencyLimited("observed")
    CompletionStage<String> observedStage() {
        this.observed.incrementAndGet();
        return this.work.end();
    }

    @GetMapping("/unavailable")
    Mono<String> unavailable() {
        return Mono.error(new BackendUnavailableException("redis://user:secret@10.0.0.7 does not answer"));
    }

    @GetMapping("/unlimited")
    Mono<String> unlimited() {
        return Mono.just("ok");
    }

    @GetMapping("/failing")
    @RateLimited("requests")
    Mono<String> failing() {
        return Mono.error(new IllegalStateException("broken"));
    }

    @GetMapping("/mono")
    @ConcurrencyLimited("slots")
    Mono<String> mono() {
        return this.work.mono();
    }

    @GetMapping("/mono/timeout")
    @ConcurrencyLimited("slots")
    Mono<String> monoTimeout() {
        return this.work.mono().timeout(Duration.ofMillis(10));
    }

    @GetMapping(path = "/flux", produces = MediaType.TEXT_PLAIN_VALUE)
    @ConcurrencyLimited("slots")
    Flux<String> flux() {
        return this.work.mono().flux();
    }

    @GetMapping("/single")
    @ConcurrencyLimited("slots")
    Single<String> single() {
        return Single.fromPublisher(this.work.mono());
    }

    @GetMapping("/stage")
    @ConcurrencyLimited("slots")
    CompletionStage<String> stage() {
        return this.work.end();
    }

    @GetMapping("/entity")
    @ConcurrencyLimited("slots")
    Mono<ResponseEntity<Flux<String>>> entity() {
        return Mono.just(ResponseEntity.ok()
                .contentType(MediaType.TEXT_PLAIN)
                .body(this.work.mono().flux()));
    }

    @GetMapping(path = "/ticks", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    @ConcurrencyLimited("slots")
    Flux<Long> ticks() {
        return Flux.interval(Duration.ofMillis(10)).onBackpressureDrop().doOnCancel(this.gone::incrementAndGet);
    }
}
