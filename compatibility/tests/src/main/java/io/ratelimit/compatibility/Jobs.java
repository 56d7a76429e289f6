package io.ratelimit.compatibility;

import io.ratelimit.Permits;
import io.ratelimit.annotation.ConcurrencyLimited;
import java.util.concurrent.CompletableFuture;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Work that no request asks for. */
@Component
class Jobs {

    private final CompletableFuture<String> scheduled = new CompletableFuture<>();

    /** Completes with what a scheduled method held. */
    CompletableFuture<String> scheduled() {
        return this.scheduled;
    }

    @Scheduled(fixedDelay = 3_600_000)
    @ConcurrencyLimited(limit = 1, name = "schedule")
    void run() {
        this.scheduled.complete(Permits.current().get(0).resource());
    }

    @Async
    @ConcurrencyLimited("jobs")
    CompletableFuture<String> later(CompletableFuture<String> end) {
        return end;
    }

    /** What a container of listeners calls, on a thread of its own. */
    @ConcurrencyLimited("jobs")
    String onMessage(CompletableFuture<String> end) {
        return end.join();
    }
}
