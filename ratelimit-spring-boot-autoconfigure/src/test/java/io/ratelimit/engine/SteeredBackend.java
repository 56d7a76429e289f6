package io.ratelimit.engine;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

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

    private final Map<String, GrantListener> listeners = new HashMap<>();

    private MemoryBackend machine;

    private final List<Operation<?>> arrived = new ArrayList<>();

    private final Queue<Runnable> heldBack = new ArrayDeque<>();

    private Class<?> holding = Void.class;

    private Wire wire = Wire.WHOLE;

    private int calls;

    private int liveInstances = 1;

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
        if (this.holding == GrantListener.class) {
            this.heldBack.add(message);
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

    void wire(Wire wire) {
        this.wire = wire;
    }

    void liveInstances(int liveInstances) {
        this.liveInstances = liveInstances;
    }

    /** From now on, operations of a type wait on the wire; {@link GrantListener}: messages do. A cut wire loses messages. */
    void holdBack(Class<?> type) {
        this.holding = type;
    }

    /** Lets go what was held back. */
    void letGo() {
        this.holding = Void.class;
        this.heldBack.forEach(Runnable::run);
        this.heldBack.clear();
    }

    int heldBack() {
        return this.heldBack.size();
    }

    List<Operation<?>> arrived() {
        return this.arrived;
    }

    /** How many calls were tried, also in vain. */
    int calls() {
        return this.calls;
    }

    @Override
    public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
        this.calls++;
        CompletableFuture<R> reply = new CompletableFuture<>();
        if (this.holding.isInstance(operation)) {
            this.heldBack.add(() -> send(partition, operation, reply));
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
            } else if (failure != null) {
                reply.completeExceptionally(failure);
            } else {
                reply.complete(answer);
            }
        });
    }

    @Override
    public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        if (this.wire != Wire.WHOLE) {
            return CompletableFuture.failedStage(new BackendUnavailableException("the wire is cut"));
        }
        return this.machine
                .heartbeat(instance, lease)
                .thenApply((membership) -> new Membership(this.liveInstances, membership.nowMicros()));
    }
}
