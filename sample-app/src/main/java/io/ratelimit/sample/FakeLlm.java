package io.ratelimit.sample;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;

/**
 * Stands for somebody else's language model: an HTTP server that counts by itself, charges a call when it arrives, and answers 429 to
 * whoever goes above its quota of requests and tokens per window. Each window that begins adds its share, and what is left of one may
 * be used in the next: a call that was long under way, however long, is none too many.
 */
final class FakeLlm implements AutoCloseable {

    private final Quota quota;

    private final LongUnaryOperator tokensOf;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    private final AtomicLong refused = new AtomicLong();

    private final AtomicLong calls = new AtomicLong();

    private final AtomicLong tokens = new AtomicLong();

    private final HttpServer server;

    private volatile boolean counts = true;

    private volatile long startNanos = System.nanoTime();

    /**
     * Opens one on a port of its own.
     *
     * @param quota how much it allows
     * @param tokensOf how many tokens a call takes that was estimated at so many
     */
    FakeLlm(Quota quota, LongUnaryOperator tokensOf) throws IOException {
        this.quota = quota;
        this.tokensOf = tokensOf;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        this.server.setExecutor(this.threads);
        this.server.createContext("/chat", this::chat);
        this.server.start();
    }

    String url() {
        return "http://localhost:" + this.server.getAddress().getPort() + "/chat";
    }

    private void chat(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            long used = this.tokensOf.applyAsLong(Long.parseLong(body));
            boolean allowed = !this.counts || charge(used);
            byte[] answer = Long.toString(used).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(allowed ? 200 : 429, answer.length);
            exchange.getResponseBody().write(answer);
        }
    }

    private synchronized boolean charge(long used) {
        long windows =
                1 + (System.nanoTime() - this.startNanos) / this.quota.window().toNanos();
        if (this.calls.get() >= windows * this.quota.requests()
                || this.tokens.get() + used > windows * this.quota.tokens()) {
            this.refused.incrementAndGet();
            return false;
        }
        this.calls.incrementAndGet();
        this.tokens.addAndGet(used);
        return true;
    }

    /** Counts from now on, its first window begins now, or no more: an application may have to warm up. */
    void counts(boolean whether) {
        this.startNanos = System.nanoTime();
        this.counts = whether;
    }

    /** Returns how many calls it has refused. */
    long refused() {
        return this.refused.get();
    }

    /** Returns how many calls it has answered. */
    long calls() {
        return this.calls.get();
    }

    /** Returns how many tokens those took. */
    long tokens() {
        return this.tokens.get();
    }

    @Override
    public void close() {
        this.server.stop(0);
        this.threads.shutdownNow();
    }

    /**
     * What it allows.
     *
     * @param requests how many requests each window adds
     * @param tokens how many tokens each window adds
     * @param window the length of the window
     */
    record Quota(long requests, long tokens, Duration window) {}
}
