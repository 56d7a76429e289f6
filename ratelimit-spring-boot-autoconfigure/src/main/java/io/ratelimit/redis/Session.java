package io.ratelimit.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisAdvancedClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.AsyncCommand;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * A connection in use. Thread-safe.
 */
final class Session implements RedisConnectionStateListener, AutoCloseable {

    private static final Log logger = LogFactory.getLog(Session.class);

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final StatefulConnection<byte[], byte[]> commands;

    private final boolean ofCluster;

    private final Runnable end;

    private final ReplyReaders readers;

    /** When the connection was lost that has not come back yet. */
    private final AtomicReference<@Nullable Long> cutOffNanos = new AtomicReference<>();

    private Session(StatefulConnection<byte[], byte[]> commands, boolean ofCluster, Runnable end) {
        this.commands = commands;
        this.ofCluster = ofCluster;
        this.end = end;
        this.readers = new ReplyReaders(commands.getResources());
    }

    /** Connects: to one server over a connection of our own, which can be replaced; else over that which Spring shares. */
    static Session of(LettuceConnectionFactory factory) {
        if (factory.getNativeClient() instanceof RedisClient client) {
            try {
                StatefulConnection<byte[], byte[]> own = client.connect(ByteArrayCodec.INSTANCE);
                Session session = new Session(own, false, own::closeAsync);
                own.addListener(session);
                return session;
            } catch (IllegalStateException ex) {
                logger.debug("The client does not know by itself whom to connect to", ex); // a static set of replicas
            }
        }
        return of(factory.getConnection());
    }

    // unchecked: Spring connects with the codec for byte arrays; deprecation: there is no other way to the
    // connection's state
    @SuppressWarnings({"unchecked", "deprecation"})
    private static Session of(RedisConnection connection) {
        Object commands = connection.getNativeConnection();
        if (commands instanceof RedisAdvancedClusterAsyncCommands<?, ?>) {
            return new Session(
                    ((RedisAdvancedClusterAsyncCommands<byte[], byte[]>) commands).getStatefulConnection(),
                    true,
                    connection::close);
        }
        return new Session(
                ((RedisAsyncCommands<byte[], byte[]>) commands).getStatefulConnection(), false, connection::close);
    }

    boolean isOfCluster() {
        return this.ofCluster;
    }

    /** Returns whether it was not closed for good: while a connection is lost Lettuce says that it is not open, and goes on connecting. */
    boolean isOpen() {
        return (this.commands instanceof RedisChannelHandler<?, ?> connection)
                ? !connection.isClosed()
                : this.commands.isOpen();
    }

    /** Returns whether there has been no connection for some time, and another can be made. Lettuce mends by itself what is short. */
    boolean isCutOff() {
        Long since = this.cutOffNanos.get();
        return since != null && System.nanoTime() - since > PATIENCE_NANOS;
    }

    ReplyReaders readers() {
        return this.readers;
    }

    /** Writes commands, with one flush unless they go to a cluster: several together would wait there for each node to be connected. */
    void dispatch(List<AsyncCommand<byte[], byte[], List<Object>>> together) {
        if (this.ofCluster || together.size() == 1) {
            together.forEach(this.commands::dispatch);
        } else if (!together.isEmpty()) {
            this.commands.dispatch(together);
        }
    }

    @Override
    public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress address) {
        this.cutOffNanos.set(null);
    }

    @Override
    public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
        this.cutOffNanos.set(System.nanoTime());
    }

    @Override
    public void close() {
        if (isOpen()) {
            this.end.run();
        }
        this.readers.close();
    }
}
