package io.ratelimit.redis;

import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.async.RedisScriptingAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisAdvancedClusterAsyncCommands;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitConfigurationException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Runs scripts over Spring's Lettuce connection, asynchronously, each within a deadline that includes connecting. Connects on
 * a thread of its own, so that no caller waits longer than its deadline. Thread-safe.
 */
final class LettuceScripting implements AutoCloseable {

    private final RedisConnectionFactory connectionFactory;

    private final Duration timeout;

    private final AtomicReference<@Nullable CompletableFuture<Session>> session = new AtomicReference<>();

    LettuceScripting(RedisConnectionFactory connectionFactory, Duration timeout) {
        if (!(connectionFactory instanceof LettuceConnectionFactory)) {
            throw new LimitConfigurationException(
                    "The Redis backend of ratelimit works over Lettuce, but the RedisConnectionFactory is a %s."
                            .formatted(connectionFactory.getClass().getName()),
                    "Put io.lettuce:lettuce-core on the classpath and set 'spring.data.redis.client-type' to 'lettuce',"
                            + " or set 'ratelimit.backend' to 'memory'.");
        }
        this.connectionFactory = connectionFactory;
        this.timeout = timeout;
    }

    /** Begins to connect, if that has not begun. */
    void connect() {
        session();
    }

    /**
     * Waits for the connection, for as long as connecting takes. For calls that nobody waits for: a cold JVM may take longer to connect
     * than a command may take.
     */
    CompletionStage<?> connected() {
        return session().exceptionally((failure) -> {
            throw unavailable(NestedExceptionUtils.getMostSpecificCause(failure));
        });
    }

    /**
     * Runs a script: by its digest, and with its source where Redis does not know it.
     *
     * @return its reply; fails with {@link BackendUnavailableException}
     */
    CompletableFuture<List<Object>> run(LuaScript script, byte[][] keys, byte[][] arguments) {
        CompletableFuture<List<Object>> answer = new CompletableFuture<>();
        session().whenComplete((open, failure) -> {
            if (failure != null) {
                answer.completeExceptionally(failure);
            } else {
                open.run(script, keys, arguments, answer);
            }
        });
        return answer.orTimeout(this.timeout.toNanos(), TimeUnit.NANOSECONDS).exceptionally((failure) -> {
            throw unavailable(NestedExceptionUtils.getMostSpecificCause(failure));
        });
    }

    private BackendUnavailableException unavailable(Throwable cause) {
        if (cause instanceof TimeoutException) {
            CompletableFuture<Session> current = this.session.get();
            boolean connecting = current == null || !current.isDone();
            return new BackendUnavailableException("Redis %s within %d ms (ratelimit.command-timeout)"
                    .formatted(connecting ? "could not be connected to" : "did not answer", this.timeout.toMillis()));
        }
        return new BackendUnavailableException("Redis cannot be asked", cause);
    }

    private CompletableFuture<Session> session() {
        CompletableFuture<Session> current = this.session.get();
        if (current != null && !isOver(current)) {
            return current;
        }
        CompletableFuture<Session> fresh = new CompletableFuture<>();
        if (!this.session.compareAndSet(current, fresh)) {
            return session();
        }
        Thread connector = new Thread(() -> open(fresh), "ratelimit-redis-connect");
        connector.setDaemon(true);
        connector.start();
        return fresh;
    }

    private static boolean isOver(CompletableFuture<Session> session) {
        return session.isCompletedExceptionally()
                || (session.isDone() && !session.join().isOpen());
    }

    private void open(CompletableFuture<Session> fresh) {
        try {
            fresh.complete(new Session(this.connectionFactory.getConnection()));
        } catch (Throwable ex) {
            fresh.completeExceptionally(ex);
        }
    }

    /** Gives the connection back. */
    @Override
    public void close() {
        CompletableFuture<Session> current = this.session.get();
        if (current != null) {
            current.thenAccept((open) -> open.connection().close());
        }
    }

    /**
     * A connection in use.
     */
    private static final class Session {

        private final RedisConnection connection;

        private final RedisScriptingAsyncCommands<byte[], byte[]> commands;

        private final StatefulConnection<byte[], byte[]> stateful;

        // unchecked: Spring connects with the codec for byte arrays; deprecation: there is no other way to the
        // connection's state
        @SuppressWarnings({"unchecked", "deprecation"})
        Session(RedisConnection connection) {
            this.connection = connection;
            Object commands = connection.getNativeConnection();
            this.stateful = (commands instanceof RedisAdvancedClusterAsyncCommands<?, ?>)
                    ? ((RedisAdvancedClusterAsyncCommands<byte[], byte[]>) commands).getStatefulConnection()
                    : ((RedisAsyncCommands<byte[], byte[]>) commands).getStatefulConnection();
            this.commands = (RedisScriptingAsyncCommands<byte[], byte[]>) commands;
        }

        RedisConnection connection() {
            return this.connection;
        }

        boolean isOpen() {
            return this.stateful.isOpen();
        }

        void run(LuaScript script, byte[][] keys, byte[][] arguments, CompletableFuture<List<Object>> answer) {
            if (answer.isDone()) {
                return;
            }
            RedisFuture<List<Object>> known =
                    this.commands.evalsha(script.digest(), ScriptOutputType.MULTI, keys, arguments);
            cancelWhenOver(answer, known);
            known.whenComplete((reply, failure) -> {
                if (failure instanceof RedisNoScriptException) {
                    load(script, keys, arguments, answer);
                } else {
                    complete(answer, reply, failure);
                }
            });
        }

        private void load(LuaScript script, byte[][] keys, byte[][] arguments, CompletableFuture<List<Object>> answer) {
            RedisFuture<List<Object>> loaded =
                    this.commands.eval(script.source(), ScriptOutputType.MULTI, keys, arguments);
            cancelWhenOver(answer, loaded);
            loaded.whenComplete((reply, failure) -> complete(answer, reply, failure));
        }

        /** Lettuce drops cancelled commands that it has not sent yet, so none piles up while Redis is away. */
        private static void cancelWhenOver(CompletableFuture<?> answer, RedisFuture<?> command) {
            answer.whenComplete((reply, failure) -> {
                if (failure != null) {
                    command.cancel(false);
                }
            });
        }

        private static void complete(
                CompletableFuture<List<Object>> answer, List<Object> reply, @Nullable Throwable failure) {
            if (failure != null) {
                answer.completeExceptionally(failure);
            } else {
                answer.complete(reply);
            }
        }
    }
}
