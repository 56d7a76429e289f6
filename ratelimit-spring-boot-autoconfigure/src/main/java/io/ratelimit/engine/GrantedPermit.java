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

    private final Place origin;

    private final Granted grant;

    private final long fencingToken;

    private final Leases leases;

    private final Charges charges;

    private final long holdDeadlineNanos;

    private final AtomicReference<PermitState> state = new AtomicReference<>(PermitState.OPEN);

    private final Queue<Runnable> lossActions = new ConcurrentLinkedQueue<>();

    private final long grantedNanos;

    private volatile long leaseDeadlineNanos;

    private volatile boolean closed;

    private volatile @Nullable Elsewhere elsewhere;

    /** Whether the place elsewhere decides about its lease. */
    private volatile boolean moved;

    /** The thread that waited for it, while that lives; none where nobody blocked. */
    private volatile WeakReference<Thread> acquirer = new WeakReference<>(null);

    /**
     * Makes one that counts only where it was granted.
     *
     * @param acquisition what was acquired
     * @param origin where
     * @param grant the grant
     * @param fencingToken the fencing token, comparable with those of other instances
     * @param leases gives it back
     * @param sinceNanos a moment that was for sure before the grant
     */
    GrantedPermit(
            Acquisition acquisition, Place origin, Granted grant, long fencingToken, Leases leases, long sinceNanos) {
        this.acquisition = acquisition;
        this.origin = origin;
        this.grant = grant;
        this.fencingToken = fencingToken;
        this.leases = leases;
        this.charges = new Charges(acquisition, origin, grant.grantedAtMicros());
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
        return this.fencingToken;
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

    /** Learns how long a place keeps its slots from now on, which counts where that place decides. */
    void renewed(Place by, long sentNanos, long leaseMicros) {
        this.moved |= takesOver(by);
        if (by.equals(where())) {
            this.leaseDeadlineNanos = sentNanos + TimeUnit.MICROSECONDS.toNanos(leaseMicros);
        }
    }

    /** Returns whether a place has the last word about its lease. */
    boolean isDecidedAt(Place place) {
        return takesOver(place) || place.equals(where());
    }

    private boolean takesOver(Place place) {
        Elsewhere other = this.elsewhere;
        return other != null && other.takesOver() && place.equals(other.place());
    }

    /** It counts somewhere else too, from now on: to be said before that place is told. */
    void countElsewhere(Elsewhere elsewhere) {
        this.elsewhere = elsewhere;
    }

    boolean countsElsewhere() {
        return this.elsewhere != null;
    }

    /** Returns what a backend needs to know to renew this permit, or to put it back. */
    HeldPermit held(Place at, long nowNanos) {
        Elsewhere other = this.elsewhere;
        long shiftMicros = (other != null && !at.equals(this.origin)) ? other.shiftMicros() : 0;
        return new HeldPermit(
                id(),
                this.grant.fence() + shiftMicros,
                this.grant.grantedAtMicros() + shiftMicros,
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

    /** Returns where it was granted. */
    Place origin() {
        return this.origin;
    }

    /** Returns where its lease is decided. */
    Place where() {
        Elsewhere other = this.elsewhere;
        return (this.moved && other != null) ? other.place() : this.origin;
    }

    /** Returns all places where it counts. */
    List<Place> places() {
        Elsewhere other = this.elsewhere;
        return (other == null) ? List.of(this.origin) : List.of(this.origin, other.place());
    }

    private void runLossActions() {
        for (Runnable action = this.lossActions.poll(); action != null; action = this.lossActions.poll()) {
            CompletableFuture.runAsync(action);
        }
    }
}
