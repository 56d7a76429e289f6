package io.ratelimit.compatibility;

import java.util.concurrent.CompletableFuture;
import org.springframework.stereotype.Component;

/** What runs while a slot is held, until a test ends it. */
@Component
class Work {

    private volatile CompletableFuture<String> end = new CompletableFuture<>();

    void begin() {
        this.end = new CompletableFuture<>();
    }

    CompletableFuture<String> end() {
        return this.end;
    }
}
