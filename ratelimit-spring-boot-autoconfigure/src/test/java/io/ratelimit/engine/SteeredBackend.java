package io.ratelimit.engine;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Settings;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * A real machine behind a wire that the test steers: it can be cut before or behind the machine, and calls can be held back.
 */
final class SteeredBackend implements LimitBackend {

    enum Wire {
        WHOLE,
        /** Nothing arrives. */
        CUT,
        /** Everything arrives, no reply comes back. */
        DROPS_REPLIES
    }

    private final MovableTime time;

    private volatile Runnable beforeHeartbeat = () -> {};

    private final Map<String, GrantListener> listeners = new ConcurrentHashMap<>();

    private volatile MemoryBackend machine;

    private final List<Operation<?>> arrived = new CopyOnWriteArrayList<>();

    private final Queue<HeldBack> heldBack = new ConcurrentLinkedQueue<>();

    private volatile Set<Class<?>> holding = Set.of();

    private volatile Class<?> holdingReplies = Void.class;

    private volatile Wire wire = Wire.WHOLE;

    private final AtomicInteger calls = new AtomicInteger();

    private volatile int liveInstances = 1;

    SteeredBackend(MovableTime time) {
        this.time = time;
        this.machine = machine();
    }

    private MemoryBackend machine() {
        MemoryBackend fresh =
                new MemoryBackend(() -> 1_000_000_000_000_000L + TimeUnit.NANOSECONDS.toMicros(this.time.getAsLong()));
        this.listeners.forEach((instance, listener) -> fresh.listen(instance, messages(listener)));
        return fresh;
    }

    private GrantListener messages(GrantListener listener) {
        return new GrantListener() {
            @Override
            public void granted(String ticket, Granted grant) {
                say(() -> listener.granted(ticket, grant));
            }

            @Override
            public void turn(String ticket, Duration wait) {
                say(() -> listener.turn(ticket, wait));
            }

            @Override
            public void missed() {
                say(listener::missed);
            }
        };
    }

    private void say(Runnable message) {
        if (this.holding.contains(GrantListener.class)) {
            this.heldBack.add(new HeldBack(GrantListener.class, message));
        } else if (this.wire == Wire.WHOLE) {
            message.run();
        }
    }

    @Override
    public void listen(String instance, GrantListener listener) {
        this.listeners.put(instance, listener);
        this.machine.listen(instance, messages(listener));
    }

    /** Forgets everything, as a backend that restarts empty. */
    void loseState() {
        this.machine = machine();
    }

    /** Does something before each heartbeat. */
    void beforeHeartbeat(Runnable task) {
        this.beforeHeartbeat = task;
    }

    void wire(Wire wire) {
        this.wire = wire;
    }

    void liveInstances(int liveInstances) {
        this.liveInstances = liveInstances;
    }

    /** From now on, operations of these types wait on the wire; {@link GrantListener}: messages do. A cut wire loses messages. */
    void holdBack(Class<?>... types) {
        this.holding = Set.of(types);
    }

    /** From now on, replies to operations of a type wait on the wire. */
    void holdBackReplies(Class<?> type) {
        this.holdingReplies = type;
    }

    /** Lets go what was held back. */
    void letGo() {
        this.holding = Set.of();
        this.holdingReplies = Void.class;
        letGoNow(Object.class);
    }

    /** Lets go what was held back of a type, which is held back no more. */
    void letGo(Class<?> type) {
        this.holding = this.holding.stream().filter((held) -> held != type).collect(Collectors.toSet());
        letGoNow(type);
    }

    private void letGoNow(Class<?> type) {
        List<HeldBack> going = this.heldBack.stream()
                .filter((held) -> type.isAssignableFrom(held.type()))
                .toList();
        this.heldBack.removeAll(going);
        going.forEach((held) -> held.action().run());
    }

    /** Lets what was held back arrive, and keeps it to arrive again. */
    void letGoOnceMore() {
        this.heldBack.forEach((held) -> held.action().run());
    }

    /** Loses what was held back. */
    void loseHeldBack() {
        this.holding = Set.of();
        this.heldBack.clear();
    }

    /** Tells all instances that messages may have been lost. */
    void sayMissed() {
        this.listeners.values().forEach((listener) -> messages(listener).missed());
    }

    int heldBack() {
        return this.heldBack.size();
    }

    List<Operation<?>> arrived() {
        return this.arrived;
    }

    /** How many calls were tried, also in vain. */
    int calls() {
        return this.calls.get();
    }

    @Override
    public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
        this.calls.incrementAndGet();
        CompletableFuture<R> reply = new CompletableFuture<>();
        if (this.holding.contains(operation.getClass())) {
            this.heldBack.add(new HeldBack(operation.getClass(), () -> send(partition, operation, reply)));
        } else {
            send(partition, operation, reply);
        }
        return reply;
    }

    private <R extends Reply> void send(Partition partition, Operation<R> operation, CompletableFuture<R> reply) {
        Wire wireNow = this.wire;
        if (wireNow == Wire.CUT) {
            reply.completeExceptionally(new BackendUnavailableException("the wire is cut"));
            return;
        }
        this.arrived.add(operation);
        this.machine.execute(partition, operation).whenComplete((answer, failure) -> {
            if (wireNow == Wire.DROPS_REPLIES) {
                reply.completeExceptionally(new BackendUnavailableException("no reply"));
            } else if (this.holdingReplies.isInstance(operation)) {
                this.heldBack.add(new HeldBack(operation.getClass(), () -> finish(reply, answer, failure)));
            } else {
                finish(reply, answer, failure);
            }
        });
    }

    private static <R> void finish(CompletableFuture<R> reply, R answer, Throwable failure) {
        if (failure != null) {
            reply.completeExceptionally(failure);
        } else {
            reply.complete(answer);
        }
    }

    @Override
    public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        this.beforeHeartbeat.run();
        if (this.wire != Wire.WHOLE) {
            return CompletableFuture.failedStage(new BackendUnavailableException("the wire is cut"));
        }
        return this.machine
                .heartbeat(instance, lease)
                .thenApply((membership) -> new Membership(this.liveInstances, membership.nowMicros()));
    }

    @Override
    public CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
        return this.wire == Wire.WHOLE
                ? this.machine.settings(changes)
                : CompletableFuture.failedStage(new BackendUnavailableException("the wire is cut"));
    }

    private record HeldBack(Class<?> type, Runnable action) {}
}
