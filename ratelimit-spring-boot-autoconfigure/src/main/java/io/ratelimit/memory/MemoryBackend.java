package io.ratelimit.memory;

import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Settings;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps partitions in the memory of this JVM. Answers at once, on the calling thread, which brings notices too: outside all locks, one
 * after the other, those that a listener gives rise to after it has returned. Thread-safe.
 *
 * <p>Memory: one small machine per partition in use. A partition that is as if new (windows passed, no leases) is dropped with
 * the next heartbeat.
 *
 * @since 0.1.0
 */
public final class MemoryBackend implements LimitBackend {

    private final Map<Partition.Id, PartitionMachine> machines = new ConcurrentHashMap<>();

    private final Map<String, String> settings = new HashMap<>();

    private final NoticeDelivery notices = new NoticeDelivery();

    private final LongSupplier clockMicros;

    /**
     * Makes a backend whose clock never goes back: the time of the epoch now, from here on by {@link System#nanoTime()}.
     */
    public MemoryBackend() {
        this(monotonicClock());
    }

    /**
     * Makes a backend with a clock of the caller's.
     *
     * @param clockMicros the time, in microseconds; where it goes back, a partition's last time counts
     */
    public MemoryBackend(LongSupplier clockMicros) {
        this.clockMicros = clockMicros;
    }

    @Override
    @SuppressWarnings("unchecked") // the machine answers each operation with the reply of its type
    public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
        Run run = new Run();
        try {
            this.machines.compute(partition.id(), (id, known) -> {
                PartitionMachine machine = (known != null) ? known : new PartitionMachine();
                run.reply = machine.apply(partition, operation, this.clockMicros.getAsLong(), this.notices::post);
                return machine.isNew() ? null : machine;
            });
        } catch (IllegalArgumentException ex) {
            return CompletableFuture.failedStage(ex);
        } finally {
            this.notices.deliver();
        }
        return CompletableFuture.completedStage((R) run.reply);
    }

    @Override
    public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        long now = this.clockMicros.getAsLong();
        this.machines.forEach((id, seen) ->
                this.machines.computeIfPresent(id, (same, machine) -> (now > machine.idleAt()) ? null : machine));
        return CompletableFuture.completedStage(new Membership(1, now));
    }

    @Override
    public void listen(String instance, GrantListener listener) {
        this.notices.listen(instance, listener);
    }

    @Override
    public CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
        synchronized (this.settings) {
            changes.forEach((name, value) -> value.ifPresentOrElse(
                    (present) -> this.settings.put(name, present), () -> this.settings.remove(name)));
            return CompletableFuture.completedStage(new Settings(this.clockMicros.getAsLong(), this.settings));
        }
    }

    /** Returns how many partitions are kept, for tests of the bound on memory. */
    int partitions() {
        return this.machines.size();
    }

    private static LongSupplier monotonicClock() {
        long startNanos = System.nanoTime();
        long startMicros = TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis());
        return () -> startMicros + TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNanos);
    }

    private static final class Run {

        private @Nullable Reply reply;
    }
}
