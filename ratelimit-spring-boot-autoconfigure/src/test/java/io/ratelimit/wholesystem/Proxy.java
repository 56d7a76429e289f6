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
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A way to Redis that fails as told: it loses replies, and messages. Thread-safe.
 *
 * <p>What is lost is what arrives in one read; where that counts, tests let one thing happen at a time.
 */
final class Proxy implements AutoCloseable {

    private static final int BUFFER = 1 << 16;

    private final RedisServer server;

    private final ServerSocket listener;

    private final AtomicInteger repliesToLose = new AtomicInteger();

    private final AtomicInteger lostReplies = new AtomicInteger();

    private final AtomicInteger lostMessages = new AtomicInteger();

    private volatile String request = "";

    private volatile boolean losesMessages;

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
     * @param containing what the requests contain
     * @param count how many of them
     */
    void loseReplies(String containing, int count) {
        this.request = containing;
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

    private void accept() {
        try {
            while (!this.listener.isClosed()) {
                Socket client = this.listener.accept();
                new Link(client, new Socket(this.server.host(), this.server.port())).open();
            }
        } catch (IOException ex) {
            // closed
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
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private final class Link {

        private final Socket client;

        private final Socket redis;

        private volatile boolean losesReply;

        Link(Socket client, Socket redis) throws IOException {
            this.client = client;
            this.redis = redis;
            client.setTcpNoDelay(true);
            redis.setTcpNoDelay(true);
        }

        void open() {
            start(() -> copy(this.client, this.redis, this::passesRequest));
            start(() -> copy(this.redis, this.client, this::passesReply));
        }

        private boolean passesRequest(String text) {
            if (Proxy.this.repliesToLose.get() > 0
                    && text.contains(Proxy.this.request)
                    && Proxy.this.repliesToLose.getAndDecrement() > 0) {
                this.losesReply = true;
            }
            return true;
        }

        private boolean passesReply(String text) {
            if (this.losesReply) {
                Proxy.this.lostReplies.incrementAndGet();
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
                    if (filter.passes(new String(buffer, 0, read, StandardCharsets.ISO_8859_1))) {
                        out.write(buffer, 0, read);
                    }
                }
            } catch (IOException ex) {
                // cut, here or elsewhere
            }
            cut();
        }

        private void cut() {
            try {
                this.client.close();
                this.redis.close();
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }
    }

    private interface Filter {

        boolean passes(String text);
    }
}
