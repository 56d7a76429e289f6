package io.ratelimit.engine;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The open permits that only the caller itself will give back, and not before its acquisition has ended: those of the annotated calls that
 * its thread is in and has acquired itself, and those that it acquires together with this one. If they hold all that it waits for, it waits for itself. Permits
 * of the {@link io.ratelimit.Limiter} are not among them, as another thread may close them.
 */
final class OwnPermits {

    static final OwnPermits NONE = new OwnPermits(List.of());

    private final List<GrantedPermit> permits;

    private OwnPermits(List<GrantedPermit> permits) {
        this.permits = permits;
    }

    /** Returns those of the current thread. */
    static OwnPermits ofThisThread() {
        List<Permit> current = Permits.current();
        if (current.isEmpty()) {
            return NONE;
        }
        return new OwnPermits(current.stream()
                .filter(GrantedPermit.class::isInstance)
                .map(GrantedPermit.class::cast)
                .filter((permit) -> permit.isAcquiredBy(Thread.currentThread()))
                .toList());
    }

    OwnPermits and(List<Permit> more) {
        List<GrantedPermit> all = new ArrayList<>(this.permits);
        for (Permit permit : more) {
            if (permit instanceof GrantedPermit granted) {
                all.add(granted);
            }
        }
        return all.isEmpty() ? NONE : new OwnPermits(all);
    }

    /**
     * Checks that an acquisition which may wait does not wait for these.
     *
     * @throws IllegalStateException if it does, so that it could never be granted
     */
    void check(Acquisition acquisition, Route route) {
        if (this.permits.isEmpty() || !acquisition.waits() || route.isAway()) {
            return;
        }
        List<Limit> limits = acquisition.definition().limits();
        for (int i = 0; i < limits.size(); i++) {
            long amount = acquisition.amounts().get(i);
            if (amount > 0 && limits.get(i) instanceof ConcurrencyLimit slots) {
                long held = held(acquisition, route, slots);
                if (held + amount > slots.limit()) {
                    throw waitsForItself(acquisition, slots, held, amount);
                }
            }
        }
    }

    private long held(Acquisition acquisition, Route route, ConcurrencyLimit slots) {
        long held = 0;
        for (GrantedPermit permit : this.permits) {
            boolean samePlace = permit.where().route() == route
                    && permit.resource().equals(acquisition.definition().name())
                    && Objects.equals(permit.key(), acquisition.key());
            // with a maximum hold the slots come back without their holder
            if (samePlace && permit.isValid() && !permit.hasMaximumHold()) {
                held += amountOf(permit.acquisition(), slots);
            }
        }
        return held;
    }

    private static long amountOf(Acquisition held, ConcurrencyLimit slots) {
        List<Limit> limits = held.definition().limits();
        for (int i = 0; i < limits.size(); i++) {
            if (limits.get(i) instanceof ConcurrencyLimit other && other.name().equals(slots.name())) {
                return held.amounts().get(i);
            }
        }
        return 0;
    }

    private static IllegalStateException waitsForItself(
            Acquisition acquisition, ConcurrencyLimit slots, long held, long amount) {
        return new IllegalStateException(
                "A call would wait for itself: it asks for %d of the %d slots of the limit '%s' of the resource '%s', of which the calls around it on this thread hold %d until it has returned. Acquire once for both, raise the limit, or let the inner method have a resource of its own."
                        .formatted(
                                amount,
                                slots.limit(),
                                slots.name(),
                                acquisition.definition().name(),
                                held));
    }
}
