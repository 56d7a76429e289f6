package io.ratelimit.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.protocol.AsyncCommand;
import io.ratelimit.LimitConfigurationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Runs scripts over Spring's Lettuce connection, in the order they are added. Connects on a thread of its own, so that nobody who calls
 * waits for that. Thread-safe.
 *
 * <p>Calls leave as tasks of the thread of Netty that writes them: while that one wakes up, more may come, and what has come by then leaves
 * with one flush. One task at a time sends (the queue-drain loop of reactive libraries), so the order is kept without a lock. While many calls
 * are under way, further ones wait for one of them to be answered.
 *
 * <p>In a cluster nothing waits for calls under way: they may be those of a node that does not answer. While a slot moves from one node to
 * another, Redis refuses calls whose keys are neither all here nor all there; they are sent again until they have moved.
 */
final class LettuceScripting implements AutoCloseable {

    /** From so many calls under way on, further ones share a flush. Enough for Redis never to run dry while they gather. */
    private static final int FEW_UNDER_WAY = 16;

    /** Moving the keys of a slot takes a tool some milliseconds, unless they are very many. */
    private static final long PAUSE_WHILE_MOVING_MILLIS = 5;

    private static final CompletableFuture<Session> CLOSED =
            CompletableFuture.failedFuture(new IllegalStateException("The backend is closed"));

    private static final Executor OWN_THREAD = (task) -> {
        Thread connector = new Thread(task, "ratelimit-redis-connect");
        connector.setDaemon(true);
        connector.start();
    };

    private final LettuceConnectionFactory connectionFactory;

    private final Executor connector;

    private final AtomicReference<@Nullable CompletableFuture<Session>> session = new AtomicReference<>();

    private final Queue<ScriptCall> added = new ConcurrentLinkedQueue<>();

    private final AtomicInteger toSend = new AtomicInteger();

    private final AtomicInteger underWay = new AtomicInteger();

    /** Calls that Redis did not know the script of: what comes after them waits until they are answered, so the order is kept. */
    private final AtomicInteger sentAnew = new AtomicInteger();

    private volatile Runnable replaced = () -> {};

    LettuceScripting(RedisConnectionFactory connectionFactory) {
        this(connectionFactory, OWN_THREAD);
    }

    LettuceScripting(RedisConnectionFactory connectionFactory, Executor connector) {
        if (!(connectionFactory instanceof LettuceConnectionFactory lettuce)) {
            throw new LimitConfigurationException(
                    "The Redis backend of ratelimit works over Lettuce, but the RedisConnectionFactory is a %s."
                            .formatted(connectionFactory.getClass().getName()),
                    "Put io.lettuce:lettuce-core on the classpath and set 'spring.data.redis.client-type' to 'lettuce',"
                            + " or define a LimitBackend bean: a RedisBackend with a LettuceConnectionFactory of its own,"
                            + " or set 'ratelimit.backend' to 'memory'.");
        }
        this.connectionFactory = lettuce;
        this.connector = connector;
    }

    /** Returns whether keys live on several nodes. */
    boolean isOfCluster() {
        return this.connectionFactory.isClusterAware();
    }

    /** Says what to do when a connection that was lost is replaced by another. */
    void whenReplaced(Runnable task) {
        this.replaced = task;
    }

    /** Adds a call to those to be sent. It is sent by {@link #send()}. */
    void add(ScriptCall call) {
        this.added.add(call);
    }

    /** Sends what has been added soon, unless so much is under way that it had better wait: whatever is answered sends again. */
    void send() {
        if (!this.added.isEmpty() && mayDispatch() && this.toSend.getAndIncrement() == 0) {
            takeTurns();
        }
    }

    /**
     * Sends what has been added before anything else is done, if this is the thread that writes, else soon. For those who read replies: so Redis
     * has work while the callers of a reply wake up.
     */
    void sendAtOnce() {
        Session open = connection();
        if (open == null || !open.readers().last().inEventLoop()) {
            send();
        } else if (!this.added.isEmpty() && mayDispatch(open) && this.toSend.getAndIncrement() == 0 && takeTurn()) {
            takeTurns();
        }
    }

    private boolean mayDispatch() {
        Session open = connection();
        return open == null || mayDispatch(open);
    }

    private boolean mayDispatch(Session open) {
        return open.isOfCluster() || this.underWay.get() < FEW_UNDER_WAY;
    }

    /** Returns the connection, if there is one. */
    private @Nullable Session connection() {
        CompletableFuture<Session> current = this.session.get();
        return (current != null && current.isDone() && !current.isCompletedExceptionally()) ? current.join() : null;
    }

    /** Each turn is a task behind what Netty has been given to write before, so the order is kept though the thread may change. */
    private void takeTurns() {
        boolean more = true;
        while (more) {
            Session open = connection();
            if (open != null && tryExecute(open)) {
                return;
            }
            more = takeTurn();
        }
    }

    private boolean tryExecute(Session open) {
        try {
            open.readers().last().execute(() -> {
                if (takeTurn()) {
                    takeTurns();
                }
            });
            return true;
        } catch (RejectedExecutionException ex) {
            failAdded(ex); // Netty has been shut down
            return false;
        }
    }

    /** Sends what there is; returns whether more may have come. */
    private boolean takeTurn() {
        int seen = this.toSend.get();
        if (this.sentAnew.get() == 0 && !this.added.isEmpty()) {
            trySendAdded();
        }
        return this.toSend.addAndGet(-seen) != 0;
    }

    private void trySendAdded() {
        try {
            sendAdded();
        } catch (RuntimeException | Error ex) {
            failAdded(ex); // whoever added has to hear of it, whichever thread sends
        }
    }

    private void sendAdded() {
        CompletableFuture<Session> current = session();
        if (current.isCompletedExceptionally()) {
            failAdded(current.handle((open, failure) -> failure).join());
        } else if (current.isDone() && mayDispatch(current.join())) {
            dispatch(current.join());
        }
    }

    private void dispatch(Session open) {
        List<AsyncCommand<byte[], byte[], List<Object>>> commands = new ArrayList<>();
        for (ScriptCall call = this.added.poll(); call != null; call = this.added.poll()) {
            if (!call.reply().isDone()) {
                addCommand(call, open, commands);
            }
        }
        open.dispatch(commands);
    }

    /** A call that cannot be written fails alone. */
    private void addCommand(ScriptCall call, Session open, List<AsyncCommand<byte[], byte[], List<Object>>> commands) {
        try {
            commands.add(command(call, open));
            this.underWay.incrementAndGet();
        } catch (RuntimeException | Error ex) {
            call.reply().completeExceptionally(ex);
        }
    }

    private AsyncCommand<byte[], byte[], List<Object>> command(ScriptCall call, Session open) {
        AsyncCommand<byte[], byte[], List<Object>> command = call.byDigest();
        cancelWhenOver(call, command);
        command.whenComplete((reply, failure) -> {
            if (failure instanceof RedisNoScriptException) {
                load(call, open);
            } else {
                answered(call, open, reply, failure);
            }
        });
        return command;
    }

    /** Lettuce drops what it has not sent yet, so nothing piles up while Redis is away. */
    private static void cancelWhenOver(ScriptCall call, AsyncCommand<?, ?, ?> command) {
        call.reply().whenComplete((reply, failure) -> {
            if (failure != null) {
                command.cancel();
            }
        });
    }

    private void load(ScriptCall call, Session open) {
        AsyncCommand<byte[], byte[], List<Object>> command = call.bySource();
        this.sentAnew.incrementAndGet();
        cancelWhenOver(call, command);
        command.whenComplete((reply, failure) -> {
            this.sentAnew.decrementAndGet();
            answered(call, open, reply, failure);
        });
        open.dispatch(List.of(command));
    }

    private void answered(ScriptCall call, Session open, List<Object> reply, @Nullable Throwable failure) {
        open.readers().learn();
        if (isMoving(failure) && !call.reply().isDone()) {
            open.readers()
                    .last()
                    .schedule(() -> sendAgain(call, open), PAUSE_WHILE_MOVING_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            this.underWay.decrementAndGet();
            complete(call, reply, failure);
        }
        send();
    }

    private static boolean isMoving(@Nullable Throwable failure) {
        return failure instanceof RedisCommandExecutionException
                && failure.getMessage() != null
                && failure.getMessage().startsWith("TRYAGAIN");
    }

    private void sendAgain(ScriptCall call, Session open) {
        try {
            if (!call.reply().isDone()) {
                open.dispatch(List.of(command(call, open)));
                return;
            }
        } catch (RuntimeException | Error ex) {
            call.reply().completeExceptionally(ex);
        }
        this.underWay.decrementAndGet();
    }

    private static void complete(ScriptCall call, List<Object> reply, @Nullable Throwable failure) {
        if (failure != null) {
            call.reply().completeExceptionally(failure);
        } else {
            call.reply().complete(reply);
        }
    }

    private void failAdded(Throwable cause) {
        for (ScriptCall call = this.added.poll(); call != null; call = this.added.poll()) {
            call.reply().completeExceptionally(cause);
        }
    }

    /** Completes as soon as there is a connection; begins to connect, if that has not begun. */
    CompletableFuture<?> connected() {
        return session();
    }

    boolean isConnecting() {
        CompletableFuture<Session> current = this.session.get();
        return current == null || !current.isDone();
    }

    private CompletableFuture<Session> session() {
        CompletableFuture<Session> current = this.session.get();
        if (current == CLOSED || (current != null && !isOver(current))) {
            return current;
        }
        CompletableFuture<Session> fresh = new CompletableFuture<>();
        if (!this.session.compareAndSet(current, fresh)) {
            return session();
        }
        try {
            this.connector.execute(() -> open(fresh, current));
        } catch (RuntimeException | Error ex) {
            fresh.completeExceptionally(ex); // the machine has no thread left: the next call tries again
        }
        return fresh;
    }

    /** Lettuce connects again by itself, but only after a pause as long as the absence was: nobody waits for that unless a call is under way. */
    private boolean isOver(CompletableFuture<Session> session) {
        if (!session.isDone()) {
            return false;
        }
        return session.isCompletedExceptionally()
                || !session.join().isOpen()
                || (session.join().isCutOff() && this.underWay.get() == 0);
    }

    private void open(CompletableFuture<Session> fresh, @Nullable CompletableFuture<Session> before) {
        try {
            if (before != null && !before.isCompletedExceptionally()) {
                before.join().close();
            }
            fresh.complete(Session.of(this.connectionFactory));
        } catch (Throwable ex) {
            fresh.completeExceptionally(ex);
            failAdded(ex);
        }
        send();
        if (before != null && !fresh.isCompletedExceptionally()) {
            this.replaced.run();
        }
    }

    /** Completes when whoever reads replies has read what has arrived by now. */
    CompletableFuture<Void> caughtUp() {
        Session open = connection();
        return (open != null) ? open.readers().caughtUp() : CompletableFuture.completedFuture(null);
    }

    /** Gives the connection back; what comes afterwards fails. */
    @Override
    public void close() {
        CompletableFuture<Session> current = this.session.getAndSet(CLOSED);
        if (current != null) {
            current.thenAccept(Session::close);
        }
    }
}
