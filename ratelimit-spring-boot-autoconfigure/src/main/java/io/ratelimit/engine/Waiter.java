package io.ratelimit.engine;

import io.ratelimit.Limit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Queued;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An acquisition that may wait, from the moment it asks until it is settled: granted, refused, or given up. Thread-safe.
 */
final class Waiter {

    private final Acquisition acquisition;

    private final Place where;

    private final CompletableFuture<Settled> settled = new CompletableFuture<>();

    /** When its ticket had for sure not been granted yet. */
    private volatile long ungrantedNanos;

    /** Its place in the queue, once it is known. */
    private volatile @Nullable Queued place;

    private volatile @Nullable Future<?> timeout;

    Waiter(Acquisition acquisition, Place where, long askedNanos) {
        this.acquisition = acquisition;
        this.where = where;
        this.ungrantedNanos = askedNanos;
    }

    String ticket() {
        return this.acquisition.ticket();
    }

    Acquisition acquisition() {
        return this.acquisition;
    }

    Place where() {
        return this.where;
    }

    CompletableFuture<Settled> settled() {
        return this.settled;
    }

    @Nullable
    Queued place() {
        return this.place;
    }

    long ungrantedNanos() {
        return this.ungrantedNanos;
    }

    /** Its ticket waits, as an answer to what was sent at that time says. */
    void waits(Queued answer, long sentNanos) {
        this.place = (this.place == null) ? answer : this.place;
        this.ungrantedNanos = sentNanos;
    }

    void timeout(Future<?> timer) {
        this.timeout = timer;
        if (this.settled.isDone()) {
            timer.cancel(false);
        }
    }

    void stopTimeout() {
        Future<?> timer = this.timeout;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    long waitLeftNanos(long nowNanos) {
        return Math.max(
                0, this.acquisition.startNanos() + this.acquisition.maxWait().toNanos() - nowNanos);
    }

    Acquire acquire(long nowNanos) {
        return new Acquire(
                ticket(),
                this.acquisition.amounts(),
                Math.max(1, TimeUnit.NANOSECONDS.toMicros(waitLeftNanos(nowNanos))),
                this.acquisition.priority(),
                this.acquisition.definition().maxQueue());
    }

    Withdraw withdraw() {
        return new Withdraw(ticket(), this.acquisition.amounts());
    }

    /** Returns what the backend needs to know to keep its place, or to put it back there. */
    WaitingTicket asWaiting(long nowNanos) {
        Queued known = Objects.requireNonNull(this.place, "asked before it is known to wait");
        return new WaitingTicket(
                ticket(),
                this.acquisition.amounts(),
                known.sequence(),
                this.acquisition.priority(),
                TimeUnit.NANOSECONDS.toMicros(waitLeftNanos(nowNanos)));
    }

    /** Returns the limits that were in its way, as far as that is known. */
    List<Limit> obstacles() {
        Queued known = this.place;
        return (known != null) ? known.violated() : List.of();
    }

    /**
     * How it ended.
     *
     * @param decision granted or refused
     * @param sinceNanos a moment before the decision, from which its times count
     * @param timedOut whether it was refused because its time was up
     */
    record Settled(Decision decision, long sinceNanos, boolean timedOut) {}
}
