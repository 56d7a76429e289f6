package io.ratelimit.redis;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.Message;
import org.springframework.data.redis.connection.MessageListener;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.SubscriptionListener;

/**
 * Hears what happens to the tickets of one instance, on a connection of its own that is opened before the first ticket queues. Lettuce
 * subscribes again when that connection was lost; what was said meanwhile is lost, which the listener is told. Thread-safe.
 */
final class GrantSubscription implements AutoCloseable {

    private static final Log logger = LogFactory.getLog(GrantSubscription.class);

    private final RedisConnectionFactory connectionFactory;

    private final byte[] channel;

    private final String instance;

    private final GrantListener listener;

    private final ReentrantLock lock = new ReentrantLock();

    private final ReentrantLock opening = new ReentrantLock();

    private final List<Pending> pending = new ArrayList<>();

    private boolean subscribing;

    private volatile boolean ready;

    private volatile boolean closed;

    private final AtomicReference<@Nullable RedisConnection> connection = new AtomicReference<>();

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

    boolean isReady() {
        return this.ready;
    }

    /**
     * Does something once messages are heard, in the order of these calls. Begins to subscribe, if that has not begun or has failed.
     *
     * @param task what to do; called with a lock held, so it must be quick
     * @param failed is told if the subscription fails
     */
    void whenReady(Runnable task, Consumer<Throwable> failed) {
        this.lock.lock();
        try {
            if (this.ready) {
                task.run();
                return;
            }
            if (!this.subscribing) {
                start(this::subscribe);
                this.subscribing = true;
            }
            this.pending.add(new Pending(task, failed));
        } finally {
            this.lock.unlock();
        }
    }

    /**
     * Listens on another connection from now on, if this listens at all: that which was lost comes back by itself only after a pause as long as
     * the absence was. What is heard twice meanwhile does no harm.
     */
    void renew() {
        this.lock.lock();
        try {
            if (this.ready) {
                start(this::subscribeAnew);
            }
        } finally {
            this.lock.unlock();
        }
    }

    private static void start(Runnable subscribe) {
        Thread connector = new Thread(subscribe, "ratelimit-redis-subscribe");
        connector.setDaemon(true);
        connector.start();
    }

    private void subscribeAnew() {
        try {
            open();
        } catch (RuntimeException | Error ex) {
            logger.debug("The connection that was lost goes on by itself", ex);
        }
    }

    private void subscribe() {
        try {
            open();
        } catch (RuntimeException | Error ex) {
            List<Pending> failed = new ArrayList<>();
            this.lock.lock();
            try {
                this.subscribing = false;
                failed.addAll(this.pending);
                this.pending.clear();
            } finally {
                this.lock.unlock();
            }
            failed.forEach((pending) -> pending.failed().accept(ex));
        }
    }

    /** Subscribes over a new connection; only once it has is the one before closed. One does so at a time. */
    private void open() {
        this.opening.lock();
        try {
            RedisConnection opened = this.connectionFactory.getConnection();
            RedisConnection before = this.connection.getAndSet(opened);
            try {
                opened.subscribe(new Ear(opened), this.channel);
            } catch (RuntimeException | Error ex) {
                goOnWith(before, opened);
                throw ex;
            }
            close(before);
        } finally {
            this.opening.unlock();
        }
        if (this.closed) {
            giveBack();
        }
    }

    private void goOnWith(@Nullable RedisConnection before, RedisConnection failed) {
        if (!this.connection.compareAndSet(failed, before)) {
            close(before); // all has been given back meanwhile
        } else if (this.ready) {
            this.listener.missed(); // it may have come back meanwhile, unheard
        }
        close(failed);
    }

    private static void close(@Nullable RedisConnection connection) {
        if (connection != null) {
            connection.close();
        }
    }

    /** Does what waited for the subscription, if it is that of the connection in use. */
    private void subscribed(RedisConnection by) {
        boolean again = this.ready;
        this.lock.lock();
        try {
            if (this.connection.get() != by) {
                return;
            }
            this.pending.forEach((pending) -> pending.task().run());
            this.pending.clear();
            this.ready = true;
        } finally {
            this.lock.unlock();
        }
        if (again) {
            this.listener.missed();
        }
    }

    private static Status readStatus(ByteBuffer packed) {
        List<Limit> limits = LimitsText.read(readText(packed));
        long queued = readNumber(packed);
        long wakeMicros = readNumber(packed);
        List<LimitStatus> statuses = new ArrayList<>(limits.size());
        for (Limit limit : limits) {
            statuses.add(new LimitStatus(limit, readNumber(packed), ReplyReader.micros(readNumber(packed))));
        }
        return new Status(statuses, queued, wakeMicros, 0);
    }

    /** Passes messages on, as {@code main.lua} writes them. */
    void tell(ByteBuffer messages, Status status) {
        while (messages.hasRemaining()) {
            long fence = readNumber(messages);
            long grantedAtOrWaitMicros = readNumber(messages);
            long leaseMicros = readNumber(messages);
            long holdMicros = readNumber(messages);
            String ticket = readText(messages);
            if (fence > 0) {
                this.listener.granted(
                        ticket, new Granted(fence, grantedAtOrWaitMicros, leaseMicros, holdMicros, status));
            } else {
                this.listener.turn(ticket, ReplyReader.micros(grantedAtOrWaitMicros));
            }
        }
    }

    private static long readNumber(ByteBuffer packed) {
        return (long) packed.getDouble();
    }

    private static String readText(ByteBuffer packed) {
        int from = packed.position();
        int length = 0;
        while (packed.get() != 0) {
            length++;
        }
        byte[] text = new byte[length];
        packed.get(from, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    /**
     * Gives the connection back until somebody waits again. On a thread of its own, as the event loop that closes it may be busy.
     *
     * @return completes when that is done
     */
    CompletableFuture<Void> pause() {
        return (this.connection.get() != null)
                ? CompletableFuture.runAsync(this::giveBack, GrantSubscription::start)
                : CompletableFuture.completedFuture(null);
    }

    private void giveBack() {
        RedisConnection before = this.connection.getAndSet(null);
        this.lock.lock();
        try {
            this.ready = false;
            this.subscribing = false;
        } finally {
            this.lock.unlock();
        }
        close(before);
    }

    /** Gives the connection back, for good. */
    @Override
    public void close() {
        this.closed = true;
        giveBack();
    }

    /** What hears on one connection. */
    private final class Ear implements MessageListener, SubscriptionListener {

        private final RedisConnection connection;

        Ear(RedisConnection connection) {
            this.connection = connection;
        }

        @Override
        public void onChannelSubscribed(byte[] channel, long count) {
            subscribed(this.connection);
        }

        @Override
        public void onMessage(Message message, byte @Nullable [] pattern) {
            ByteBuffer packed = ByteBuffer.wrap(message.getBody()).order(ByteOrder.LITTLE_ENDIAN);
            tell(packed, readStatus(packed));
        }
    }

    private record Pending(Runnable task, Consumer<Throwable> failed) {}
}
