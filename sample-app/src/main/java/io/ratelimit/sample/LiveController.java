package io.ratelimit.sample;

import io.ratelimit.annotation.ConcurrencyLimited;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * Shows slots that outlast the method, because the work does: a stream holds its slot until its client has gone, and a thumbnail until its
 * future is complete. A call for a thumbnail that finds no slot waits in line, and no thread waits with it.
 */
@RestController
class LiveController implements AutoCloseable {

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

    /** Counts the seconds until the client goes. */
    @GetMapping("/live")
    @ConcurrencyLimited("live-streams")
    SseEmitter live() {
        SseEmitter emitter = new SseEmitter(0L);
        Feed feed = new Feed(emitter);
        Future<?> ticking = this.clock.scheduleAtFixedRate(feed, 0, 1, TimeUnit.SECONDS);
        emitter.onCompletion(() -> ticking.cancel(false));
        return emitter;
    }

    /** Takes half a second, and no thread meanwhile. */
    @GetMapping("/thumbnails/{name}")
    @ConcurrencyLimited("thumbnails")
    CompletableFuture<String> thumbnail(@PathVariable String name) {
        return CompletableFuture.supplyAsync(
                () -> "thumbnail of " + name, CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS));
    }

    @Override
    public void close() {
        this.clock.shutdownNow();
    }

    /** What one client sees. */
    private static final class Feed implements Runnable {

        private final SseEmitter emitter;

        private int seconds;

        Feed(SseEmitter emitter) {
            this.emitter = emitter;
        }

        @Override
        public void run() {
            try {
                this.emitter.send(this.seconds++ + " s");
            } catch (IOException ex) {
                // the server has noticed that the client is gone, and ends the response
                this.emitter.completeWithError(ex);
            }
        }
    }
}
