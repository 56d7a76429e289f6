package io.ratelimit.web;

import java.util.concurrent.CompletableFuture;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** The work behind limited endpoints: it ends when a test says so. */
@Component
public class Work {

    private volatile CompletableFuture<String> end = new CompletableFuture<>();

    /** Makes work that has not begun. */
    public Work() {}

    /** Begins anew. */
    public void reset() {
        this.end = new CompletableFuture<>();
    }

    /** Returns what the work comes to. */
    public CompletableFuture<String> end() {
        return this.end;
    }

    /** Returns what the work comes to, for a subscriber who may leave without ending it for others. */
    public Mono<String> mono() {
        return Mono.fromFuture(this.end, true);
    }
}
