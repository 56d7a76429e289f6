package io.ratelimit.redis;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Status;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.Message;
import org.springframework.data.redis.connection.MessageListener;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.SubscriptionListener;
import org.springframework.util.StringUtils;

/**
 * Hears what happens to the tickets of one instance, on a connection of its own that is opened before the first ticket queues. Lettuce
 * subscribes again when that connection was lost; what was said meanwhile is lost, which the listener is told. Thread-safe.
 */
final class GrantSubscription implements MessageListener, SubscriptionListener, AutoCloseable {

    private final RedisConnectionFactory connectionFactory;

    private final byte[] channel;

    private final String instance;

    private final GrantListener listener;

    private final AtomicReference<@Nullable CompletableFuture<RedisConnection>> connection = new AtomicReference<>();

    private final CompletableFuture<Void> subscribed = new CompletableFuture<>();

    GrantSubscription(
            RedisConnectionFactory connectionFactory, byte[] channel, String instance, GrantListener listener) {
        this.connectionFactory = connectionFactory;
        this.channel = channel;
        this.instance = instance;
        this.listener = listener;
    }

    String instance() {
        return this.instance;
    }

    /** Completes once messages are heard; begins to subscribe, if that has not begun or has failed. */
    CompletableFuture<Void> ready() {
        if (this.subscribed.isDone()) {
            return this.subscribed;
        }
        CompletableFuture<RedisConnection> current = this.connection.get();
        if (current == null || current.isCompletedExceptionally()) {
            CompletableFuture<RedisConnection> fresh = new CompletableFuture<>();
            if (this.connection.compareAndSet(current, fresh)) {
                Thread connector = new Thread(() -> subscribe(fresh), "ratelimit-redis-subscribe");
                connector.setDaemon(true);
                connector.start();
            }
            return ready();
        }
        return CompletableFuture.anyOf(this.subscribed, current).thenCompose((any) -> this.subscribed);
    }

    private void subscribe(CompletableFuture<RedisConnection> fresh) {
        try {
            RedisConnection opened = this.connectionFactory.getConnection();
            opened.subscribe(this, this.channel);
            fresh.complete(opened);
        } catch (Throwable ex) {
            fresh.completeExceptionally(ex);
        }
    }

    @Override
    public void onChannelSubscribed(byte[] channel, long count) {
        if (!this.subscribed.complete(null)) {
            this.listener.missed();
        }
    }

    @Override
    public void onMessage(Message message, byte @Nullable [] pattern) {
        String[] lines =
                StringUtils.delimitedListToStringArray(new String(message.getBody(), StandardCharsets.UTF_8), "\n");
        Status status = status(lines[0], StringUtils.delimitedListToStringArray(lines[1], " "));
        for (int i = 2; i < lines.length; i++) {
            tell(lines[i], status);
        }
    }

    private static Status status(String limitsText, String[] numbers) {
        List<LimitStatus> statuses = new ArrayList<>();
        for (Limit limit : LimitsText.read(limitsText)) {
            int next = 2 + 2 * statuses.size();
            Duration reset = ReplyReader.micros(Long.parseLong(numbers[next + 1]));
            statuses.add(new LimitStatus(limit, Long.parseLong(numbers[next]), reset));
        }
        return new Status(statuses, Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), 0);
    }

    /** Passes a message on, as {@code main.lua} writes it. */
    void tell(String message, Status status) {
        String[] fields = StringUtils.delimitedListToStringArray(message, " ");
        if (fields[0].equals("g")) {
            this.listener.granted(
                    fields[1],
                    new Granted(
                            Long.parseLong(fields[2]),
                            Long.parseLong(fields[3]),
                            Long.parseLong(fields[4]),
                            Long.parseLong(fields[5]),
                            status));
        } else {
            this.listener.turn(fields[1], ReplyReader.micros(Long.parseLong(fields[2])));
        }
    }

    /** Gives the connection back. */
    @Override
    public void close() {
        CompletableFuture<RedisConnection> current = this.connection.get();
        if (current != null) {
            current.thenAccept(RedisConnection::close);
        }
    }
}
