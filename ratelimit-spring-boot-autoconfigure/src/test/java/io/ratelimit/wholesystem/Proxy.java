package io.ratelimit.wholesystem;

import io.ratelimit.testkit.RedisServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * A way to Redis that fails as told: it loses replies and messages, delays, stalls, swallows, cuts and refuses. Thread-safe.
 *
 * <p>What is lost is what arrives in one read; where that counts, tests let one thing happen at a time.
 */
final class Proxy implements AutoCloseable {

    private static final int BUFFER = 1 << 16;

    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final RedisServer server;

    private final ServerSocket listener;

    private final Set<Link> links = ConcurrentHashMap.newKeySet();

    private final AtomicInteger repliesToLose = new AtomicInteger();

    private final AtomicInteger lostReplies = new AtomicInteger();

    private final AtomicInteger lostMessages = new AtomicInteger();

    private volatile Pattern request = Pattern.compile("");

    private volatile boolean losesMessages;

    private volatile boolean refuses;

    private volatile boolean stalls;

    private volatile long delayMillis;

    Proxy(RedisServer server) {
        this.server = server;
        try {
            this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        start(this::accept);
    }

    int port() {
        return this.listener.getLocalPort();
    }

    /**
     * Lets requests pass, and closes the connection instead of passing the reply on.
     *
     * @param regex what the requests contain
     * @param count how many of them
     */
    void loseReplies(String regex, int count) {
        this.request = Pattern.compile(regex);
        this.repliesToLose.set(count);
    }

    int lostReplies() {
        return this.lostReplies.get();
    }

    /** Drops messages of subscriptions on their way, while the connection stays as it is. */
    void loseMessages(boolean loses) {
        this.losesMessages = loses;
    }

    int lostMessages() {
        return this.lostMessages.get();
    }

    /** Closes all connections and every new one at once, or lets them through again. */
    void refuse(boolean refuses) {
        this.refuses = refuses;
        if (refuses) {
            cut();
        }
    }

    /** Keeps what arrives, on all connections, or delivers it late. */
    void stall(boolean stalls) {
        this.stalls = stalls;
    }

    /** Delivers everything that much later. */
    void delay(long millis) {
        this.delayMillis = millis;
    }

    /** Drops whatever arrives on the connections of now, which look sound for ever. New ones are. */
    void swallow() {
        this.links.forEach(Link::swallow);
    }

    /** Closes all connections. */
    void cut() {
        this.links.forEach(Link::cut);
    }

    private void accept() {
        try {
            while (!this.listener.isClosed()) {
                connect(this.listener.accept());
            }
        } catch (IOException ex) {
            // closed
        }
    }

    private void connect(Socket client) throws IOException {
        if (this.refuses) {
            client.close();
            return;
        }
        try {
            new Link(client, new Socket(this.server.host(), this.server.port())).open();
        } catch (IOException ex) {
            client.close(); // Redis is not there
        }
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        try {
            this.listener.close();
            this.stalls = false;
            cut();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private final class Link {

        private final Socket client;

        private final Socket redis;

        private volatile boolean losesReply;

        private boolean isCut;

        private volatile boolean swallows;

        Link(Socket client, Socket redis) throws IOException {
            this.client = client;
            this.redis = redis;
            client.setTcpNoDelay(true);
            redis.setTcpNoDelay(true);
        }

        void swallow() {
            this.swallows = true;
        }

        void open() {
            Proxy.this.links.add(this);
            if (Proxy.this.refuses) {
                cut();
            }
            start(() -> copy(this.client, this.redis, this::passesRequest));
            start(() -> copy(this.redis, this.client, this::passesReply));
        }

        /** A connection that is cut, but still has something to pass, loses no reply any more that another is to lose. */
        private synchronized boolean passesRequest(String text) {
            if (!this.isCut
                    && Proxy.this.repliesToLose.get() > 0
                    && Proxy.this.request.matcher(text).find()
                    && Proxy.this.repliesToLose.getAndDecrement() > 0) {
                this.losesReply = true;
            }
            return true;
        }

        private boolean passesReply(String text) {
            if (this.losesReply) {
                cut();
                return false;
            }
            if (Proxy.this.losesMessages && text.contains("\r\nmessage\r\n")) {
                Proxy.this.lostMessages.incrementAndGet();
                return false;
            }
            return true;
        }

        private void copy(Socket from, Socket to, Filter filter) {
            byte[] buffer = new byte[BUFFER];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    await();
                    if (!this.swallows && filter.passes(new String(buffer, 0, read, StandardCharsets.ISO_8859_1))) {
                        out.write(buffer, 0, read);
                    }
                }
            } catch (IOException ex) {
                // cut, here or elsewhere
            }
            cut();
        }

        private void await() {
            long untilNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Proxy.this.delayMillis);
            while (Proxy.this.stalls || System.nanoTime() - untilNanos < 0) {
                LockSupport.parkNanos(STEP_NANOS);
            }
        }

        private synchronized void cut() {
            Proxy.this.links.remove(this);
            try {
                this.client.close();
                this.redis.close();
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
            if (!this.isCut && this.losesReply) {
                Proxy.this.lostReplies.incrementAndGet();
            }
            this.isCut = true;
        }
    }

    private interface Filter {

        boolean passes(String text);
    }
}
