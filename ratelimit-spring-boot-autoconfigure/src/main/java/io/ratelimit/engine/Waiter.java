package io.ratelimit.engine;

import io.ratelimit.Limit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An acquisition that may wait, from the moment it asks until it is settled: granted, refused, or given up. Thread-safe.
 */
final class Waiter {

    private final Acquisition acquisition;

    private final Place where;

    private final Function<Settled, Answer> conclusion;

    private final CompletableFuture<Answer> answer = new CompletableFuture<>();

    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.OPEN);

    /** When its ticket had for sure not been granted yet. */
    private volatile long ungrantedNanos;

    /** Its place in the queue, as it was said last. */
    private volatile @Nullable Queued place;

    private volatile @Nullable Future<?> timeout;

    /**
     * Makes one that is about to ask.
     *
     * @param acquisition what to acquire
     * @param where where
     * @param askedNanos when it asks
     * @param conclusion makes the answer of how it is settled
     */
    Waiter(Acquisition acquisition, Place where, long askedNanos, Function<Settled, Answer> conclusion) {
        this.acquisition = acquisition;
        this.where = where;
        this.ungrantedNanos = askedNanos;
        this.conclusion = conclusion;
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

    CompletableFuture<Answer> answer() {
        return this.answer;
    }

    /** Settles it, if nothing else has. What comes of it is not told yet. */
    boolean claim(boolean granted) {
        return this.stage.compareAndSet(Stage.OPEN, granted ? Stage.GRANTED : Stage.OVER);
    }

    boolean isOpen() {
        return this.stage.get() == Stage.OPEN;
    }

    boolean isGranted() {
        return this.stage.get() == Stage.GRANTED;
    }

    /** Makes the answer: a permit is in its owner's hands before anybody is told. */
    CompletableFuture<Answer> conclude(Settled settled) {
        return CompletableFuture.completedFuture(settled).thenApply(this.conclusion);
    }

    /** Returns whether its ticket is known to be queued. */
    boolean isQueued() {
        return this.place != null;
    }

    long ungrantedNanos() {
        return this.ungrantedNanos;
    }

    /** Its ticket waits, as an answer to what was sent then says. */
    void waits(Queued said, long sentNanos) {
        Queued before = this.place;
        this.place = (before == null)
                ? said
                : new Queued(
                        said.sequence(),
                        Math.max(said.atMicros(), before.atMicros()),
                        before.violated(),
                        said.status());
        this.ungrantedNanos = sentNanos;
    }

    /** Returns whether a grant is from before its ticket was last known to wait: it came to nothing, and the ticket was queued again. */
    boolean isOutdated(Granted grant) {
        Queued known = this.place;
        return known != null && grant.grantedAtMicros() < known.atMicros();
    }

    void timeout(Future<?> timer) {
        this.timeout = timer;
        if (!isOpen()) {
            timer.cancel(false);
        }
    }

    void stopTimeout() {
        Future<?> timer = this.timeout;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    Acquire acquire(long nowNanos) {
        return new Acquire(
                ticket(),
                this.acquisition.amounts(),
                Math.max(1, TimeUnit.NANOSECONDS.toMicros(this.acquisition.waitLeftNanos(nowNanos))),
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
                TimeUnit.NANOSECONDS.toMicros(this.acquisition.waitLeftNanos(nowNanos)));
    }

    /** Returns the limits that were in its way when it came, as far as that is known. */
    List<Limit> obstacles() {
        Queued known = this.place;
        return (known != null) ? known.violated() : List.of();
    }

    private enum Stage {
        OPEN,
        GRANTED,
        OVER
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
