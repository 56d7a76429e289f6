package io.ratelimit.engine;

import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Reply.Granted;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A permit that a backend has granted. Its deadlines are this instance's monotonic time, counted from a moment that was for sure before
 * the grant, so it is never later than the backend's.
 */
final class GrantedPermit implements Permit {

    private final Acquisition acquisition;

    private final Place where;

    private final Granted grant;

    private final Leases leases;

    private final Charges charges;

    private final long holdDeadlineNanos;

    private final AtomicReference<PermitState> state = new AtomicReference<>(PermitState.OPEN);

    private final Queue<Runnable> lossActions = new ConcurrentLinkedQueue<>();

    private final long grantedNanos;

    private volatile long leaseDeadlineNanos;

    private volatile boolean closed;
    /** The thread that waited for it, while that lives; none where nobody blocked. */
    private volatile WeakReference<Thread> acquirer = new WeakReference<>(null);

    GrantedPermit(Acquisition acquisition, Place where, Granted grant, Leases leases, long sinceNanos) {
        this.acquisition = acquisition;
        this.where = where;
        this.grant = grant;
        this.leases = leases;
        this.charges = new Charges(acquisition, where, grant.grantedAtMicros());
        this.grantedNanos = leases.nanoTime();
        this.leaseDeadlineNanos = sinceNanos + TimeUnit.MICROSECONDS.toNanos(grant.leaseMicros());
        this.holdDeadlineNanos = sinceNanos + TimeUnit.MICROSECONDS.toNanos(grant.holdMicros());
    }

    @Override
    public String resource() {
        return this.acquisition.definition().name();
    }

    @Override
    public @Nullable String key() {
        return this.acquisition.key();
    }

    @Override
    public Map<String, String> attributes() {
        return this.acquisition.definition().attributes();
    }

    @Override
    public List<LimitStatus> limits() {
        return this.grant.status().limits();
    }

    @Override
    public boolean isValid() {
        return this.state.get() == PermitState.OPEN && !isOver(this.leases.nanoTime());
    }

    @Override
    public void onLost(Runnable action) {
        this.lossActions.add(action);
        if (this.state.get() == PermitState.LOST) {
            runLossActions();
        }
    }

    @Override
    public long fencingToken() {
        return this.grant.fence();
    }

    @Override
    public void update(String limitName, long actual) {
        int limit = this.acquisition.rateLimit(limitName, actual);
        if (this.closed || this.state.get() == PermitState.CLOSED) {
            throw FreePermit.closed(resource());
        }
        this.charges.update(limit, actual);
    }

    @Override
    public void close() {
        this.closed = true;
        if (end(PermitState.CLOSED)) {
            this.leases.closed(this);
        }
    }

    /** Ends this permit; returns whether it was open. */
    boolean end(PermitState as) {
        if (!this.state.compareAndSet(PermitState.OPEN, as)) {
            return false;
        }
        if (as == PermitState.LOST) {
            runLossActions();
        }
        return true;
    }

    /** Returns whether the lease or the maximum hold has passed without a renewal. */
    boolean isOver(long nowNanos) {
        return hasLease() && (nowNanos - this.leaseDeadlineNanos >= 0 || isOverHeld(nowNanos));
    }

    boolean isOverHeld(long nowNanos) {
        return hasMaximumHold() && nowNanos - this.holdDeadlineNanos >= 0;
    }

    boolean hasLease() {
        return this.grant.leaseMicros() > 0;
    }

    boolean hasMaximumHold() {
        return this.grant.holdMicros() > 0;
    }

    void renewed(long sentNanos, long leaseMicros) {
        this.leaseDeadlineNanos = sentNanos + TimeUnit.MICROSECONDS.toNanos(leaseMicros);
    }

    /** Returns what the backend needs to know to renew this permit, or to put it back. */
    HeldPermit held(long nowNanos) {
        return new HeldPermit(
                id(),
                this.grant.fence(),
                this.grant.grantedAtMicros(),
                this.acquisition.amounts(),
                Math.max(0, TimeUnit.NANOSECONDS.toMicros(this.leaseDeadlineNanos - nowNanos)),
                hasMaximumHold() ? Math.max(1, TimeUnit.NANOSECONDS.toMicros(this.holdDeadlineNanos - nowNanos)) : 0);
    }

    void acquiredBy(Thread thread) {
        this.acquirer = new WeakReference<>(thread);
    }

    boolean isAcquiredBy(Thread thread) {
        return this.acquirer.refersTo(thread);
    }

    long leaseDeadlineNanos() {
        return this.leaseDeadlineNanos;
    }

    long grantedNanos() {
        return this.grantedNanos;
    }

    String id() {
        return this.acquisition.ticket();
    }

    Acquisition acquisition() {
        return this.acquisition;
    }

    Charges charges() {
        return this.charges;
    }

    Granted grant() {
        return this.grant;
    }

    Place where() {
        return this.where;
    }

    private void runLossActions() {
        for (Runnable action = this.lossActions.poll(); action != null; action = this.lossActions.poll()) {
            CompletableFuture.runAsync(action);
        }
    }
}
