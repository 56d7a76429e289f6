package io.ratelimit.engine;

import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Reply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The permits that this instance holds: renews their leases, gives their slots back, notices their loss. Thread-safe.
 */
final class Leases {

    private static final Log logger = LogFactory.getLog(Leases.class);

    private static final int MOST_PER_CALL = 128;

    private final Listeners listeners;

    private final LongSupplier nanoClock;

    private final ScheduledExecutorService timers;

    private final Map<String, Lease> held = new ConcurrentHashMap<>();

    private final Map<CompletionStage<?>, Boolean> underWay = new ConcurrentHashMap<>();

    private final Queue<GiveBack> unheard = new ConcurrentLinkedQueue<>();

    /** The last survey of all permits, as long as nothing has been granted since it began. */
    private final AtomicReference<@Nullable Survey> survey = new AtomicReference<>();

    Leases(Listeners listeners, LongSupplier nanoClock, ScheduledExecutorService timers) {
        this.listeners = listeners;
        this.nanoClock = nanoClock;
        this.timers = timers;
    }

    long nanoTime() {
        return this.nanoClock.getAsLong();
    }

    void granted(GrantedPermit permit) {
        this.listeners.onGranted(permit.resource(), slots(permit));
        if (permit.hasLease()) {
            this.held.put(permit.id(), new Lease(permit, timer(permit)));
            if (this.survey.get() != null) {
                this.survey.set(null);
            }
        }
    }

    /**
     * Looks at all permits that hold slots, unless that has been done since the last of them was granted. When this returns, it has been
     * done, by whichever thread.
     */
    void survey(Consumer<Collection<GrantedPermit>> task) {
        Survey last = this.survey.get();
        if (last == null || !last.done) {
            Survey own = new Survey();
            this.survey.set(own); // before looking: what is granted from here on takes it away again
            task.accept(all());
            own.done = true;
        }
    }

    /** Returns the permits that hold slots. */
    List<GrantedPermit> all() {
        return this.held.values().stream().map(Lease::permit).toList();
    }

    /** Gives the slots of a permit back. */
    void closed(GrantedPermit permit) {
        ended(permit);
        if (permit.hasLease()) {
            permit.places().forEach((place) -> release(permit, place));
        }
    }

    /** Makes a grant as if it had never been. */
    void undo(GrantedPermit permit) {
        if (permit.end(PermitState.CLOSED)) {
            ended(permit);
            permit.charges().undo((amounts) -> {
                Cancel cancel = new Cancel(permit.id(), amounts, permit.grant().grantedAtMicros());
                giveBack(new GiveBack(permit.origin(), cancel, permit.leaseDeadlineNanos()));
            });
            permit.places().stream()
                    .filter((place) -> !place.equals(permit.origin()))
                    .forEach((place) -> release(permit, place));
        }
    }

    /** Returns whether a permit holds slots and is not closed. */
    boolean holds(String permit) {
        return this.held.containsKey(permit);
    }

    /** Returns whether a thread has acquired slots that are still held: of a resource, for a key. */
    boolean heldBy(Thread thread, String resource, @Nullable String key) {
        return this.held.values().stream()
                .map(Lease::permit)
                .anyMatch((permit) -> permit.isAcquiredBy(thread)
                        && permit.resource().equals(resource)
                        && Objects.equals(permit.key(), key));
    }

    /** Says that nothing is to be kept for a permit: of rates alone, it has arrived; of slots, it is closed. */
    void confirm(Acquisition acquisition, Place where) {
        giveBack(new GiveBack(
                where,
                new Release(acquisition.ticket()),
                nanoTime() + where.partition().lease().toNanos()));
    }

    /** Gives back what the answer to an acquisition that did not come may have granted. */
    void abandon(Acquisition acquisition, Place where) {
        Duration lease = acquisition.longestLease(where.partition().lease());
        long untilNanos = nanoTime() + acquisition.waitLeftNanos(nanoTime()) + lease.toNanos();
        giveBack(new GiveBack(where, new Cancel(acquisition.ticket(), acquisition.amounts(), 0), untilNanos));
    }

    /** Gives back anew what the backend may not have heard of, and renews all leases: one call for up to 128 permits of a partition. */
    void renew() {
        List<Supplier<CompletionStage<?>>> calls = new ArrayList<>();
        for (int i = this.unheard.size(); i > 0; i--) {
            GiveBack again = this.unheard.poll();
            if (again != null && nanoTime() - again.untilNanos() < 0) {
                calls.add(() -> giveBack(again));
            }
        }
        Map<Place, List<GrantedPermit>> places = new HashMap<>();
        for (GrantedPermit permit : all()) {
            permit.places()
                    .forEach((place) -> places.computeIfAbsent(place, (absent) -> new ArrayList<>())
                            .add(permit));
        }
        places.forEach((place, permits) -> {
            for (int from = 0; from < permits.size(); from += MOST_PER_CALL) {
                List<GrantedPermit> some = permits.subList(from, Math.min(permits.size(), from + MOST_PER_CALL));
                calls.add(() -> renew(place, some));
            }
        });
        CallsInTurn.make(calls);
    }

    /** Completes when whatever gives back slots has been answered. */
    CompletableFuture<Void> settled() {
        return CompletableFuture.allOf(this.underWay.keySet().stream()
                .map((stage) -> stage.toCompletableFuture().handle((reply, failure) -> null))
                .toArray(CompletableFuture[]::new));
    }

    int count() {
        return this.held.size();
    }

    /** Renews the leases of permits at a place, or puts them back there. */
    CompletionStage<?> renew(Place place, List<GrantedPermit> all) {
        List<GrantedPermit> permits =
                all.stream().filter((permit) -> holds(permit.id())).toList(); // some may have been closed since
        long sentNanos = nanoTime();
        List<HeldPermit> asHeld =
                permits.stream().map((permit) -> permit.held(place, sentNanos)).toList();
        return place.route()
                .execute(place.partition(), new Renew(asHeld, List.of()))
                .whenComplete((reply, failure) -> {
                    for (int i = 0; i < permits.size(); i++) {
                        renewed(place, permits.get(i), reply, i, sentNanos);
                    }
                });
    }

    private void renewed(Place by, GrantedPermit permit, Reply.@Nullable Renewed reply, int index, long sentNanos) {
        long leaseMicros = (reply != null) ? reply.leaseMicros().get(index) : 0;
        if (leaseMicros > 0) {
            permit.renewed(by, sentNanos, leaseMicros);
        }
        if (leaseMicros > 0 && !holds(permit.id())) {
            // closed while this was under way: where the renewal overtook the release, it has put the permit back
            release(permit, by);
        } else if (permit.isDecidedAt(by) && ((reply != null && leaseMicros == 0) || permit.isOver(nanoTime()))) {
            lost(permit);
        }
    }

    private void lost(GrantedPermit permit) {
        if (permit.end(PermitState.LOST)) {
            ended(permit);
            permit.places().stream()
                    .filter((place) -> !place.equals(permit.where()))
                    .forEach((place) -> release(permit, place));
            this.listeners.onLeaseLost(permit.resource());
            logger.warn("A permit of the resource '%s' has lost its slots while its work goes on (permit %s)"
                    .formatted(permit.resource(), permit.id()));
        }
    }

    private void ended(GrantedPermit permit) {
        Lease lease = this.held.remove(permit.id());
        if (lease != null && lease.holdTimer() != null) {
            lease.holdTimer().cancel(false);
        }
        this.listeners.onEnded(permit.resource(), slots(permit), Duration.ofNanos(nanoTime() - permit.grantedNanos()));
    }

    private @Nullable Future<?> timer(GrantedPermit permit) {
        if (!permit.hasMaximumHold()) {
            return null;
        }
        try {
            return this.timers.schedule(() -> lost(permit), permit.grant().holdMicros(), TimeUnit.MICROSECONDS);
        } catch (RejectedExecutionException ex) {
            return null; // closed: nothing is renewed any more, and the permit is lost with its lease at the latest
        }
    }

    private void release(GrantedPermit permit, Place where) {
        giveBack(new GiveBack(where, new Release(permit.id()), permit.leaseDeadlineNanos()));
    }

    private CompletionStage<?> giveBack(GiveBack what) {
        CompletionStage<?> sent = what.where().route().execute(what.where().partition(), what.operation());
        this.underWay.put(sent, true);
        sent.whenComplete((reply, failure) -> {
            this.underWay.remove(sent);
            if (Route.isUnavailable(failure)) {
                this.unheard.add(what);
            }
        });
        return sent;
    }

    private static long slots(GrantedPermit permit) {
        return permit.hasLease() ? permit.acquisition().slots() : 0;
    }

    /** What frees slots, worth repeating until the end of the lease frees them anyway. Repeating it does no harm. */
    private record GiveBack(Place where, Operation<?> operation, long untilNanos) {}

    private record Lease(GrantedPermit permit, @Nullable Future<?> holdTimer) {}

    private static final class Survey {

        private volatile boolean done;
    }
}
