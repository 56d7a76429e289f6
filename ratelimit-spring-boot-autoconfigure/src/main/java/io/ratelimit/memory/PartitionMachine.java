package io.ratelimit.memory;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitStatus;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of one partition: what section by section the Lua of the Redis backend does, in Java. Both give the same
 * answers to the same operations at the same times. Not thread-safe.
 *
 * <p>Invariants, while no state is lost: the slots held are within the limit; the amount taken in any window is within the
 * limit; fencing tokens grow; a refusal changes nothing but time.
 */
final class PartitionMachine {

    /** How long the end of a permit is remembered where no concurrency limit says how long a lease is. */
    private static final long DEFAULT_LEASE_MICROS = Micros.of(ConcurrencyLimit.DEFAULT_LEASE);

    private final Holders holders = new Holders();

    private List<LimitState> states = List.of();

    private List<Limit> limits = List.of();

    private long stamp = -1;

    private long now;

    private boolean changed;

    private long lastChange;

    private long lastNumber;

    private long meanHoldMicros;

    private long idleAt;

    /** Returns from when on this machine is as if new, and can be dropped. */
    long idleAt() {
        return Math.max(this.idleAt, this.lastNumber + 1);
    }

    /** Returns whether nothing has ever been changed here. */
    boolean isNew() {
        return this.lastChange == 0;
    }

    Reply apply(Partition partition, Operation<?> operation, long clockMicros) {
        this.now = Math.max(this.lastChange, clockMicros);
        this.changed = false;
        adopt(partition);
        for (LimitState state : this.states) {
            this.changed |= state.advance(this.now);
        }
        try {
            return carryOut(partition, operation);
        } finally {
            this.lastChange = this.changed ? this.now : this.lastChange;
        }
    }

    private Reply carryOut(Partition partition, Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            long reclaimed = sweep();
            return acquire(acquire.ticket(), byName(partition, acquire.amounts()), reclaimed);
        }
        if (operation instanceof Inspect inspect) {
            long reclaimed = sweep();
            return inspect(inspect.maxHolders(), reclaimed);
        }
        if (operation instanceof Renew renew) {
            List<Long> leases = new ArrayList<>();
            for (HeldPermit permit : renew.permits()) {
                leases.add(renew(permit, byName(partition, permit.amounts())));
            }
            long reclaimed = sweep();
            return new Reply.Renewed(leases, status(), reclaimed);
        }
        if (operation instanceof Release release) {
            release(release.permit());
        } else if (operation instanceof Cancel cancel) {
            cancel(cancel, byName(partition, cancel.amounts()));
        }
        long reclaimed = sweep();
        return new Reply.Done(status(), reclaimed);
    }

    /** Goes by the newest definition. */
    private void adopt(Partition partition) {
        if (partition.stampMicros() <= this.stamp) {
            return;
        }
        this.stamp = partition.stampMicros();
        this.changed = !isNew();
        if (partition.limits().equals(this.limits)) {
            return;
        }
        List<LimitState> before = this.states;
        this.limits = partition.limits();
        this.states = this.limits.stream()
                .map((limit) -> LimitState.of(limit, same(before, limit)))
                .toList();
        for (Holders.Holder holder : this.holders.live()) {
            occupy(holder.slots());
        }
    }

    private static @Nullable LimitState same(List<LimitState> states, Limit limit) {
        return states.stream()
                .filter((state) -> isSame(state.limit(), limit))
                .findFirst()
                .orElse(null);
    }

    private static boolean isSame(Limit one, Limit other) {
        return one.kind() == other.kind() && one.name().equals(other.name());
    }

    /**
     * Reads amounts that stand in the order of the sender's limits as amounts of the limits that this machine goes by. A limit
     * that the sender does not know takes 1 if the sender takes any of that kind.
     */
    private long[] byName(Partition sender, List<Long> amounts) {
        long[] result = new long[this.limits.size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = amountOf(this.limits.get(i), sender.limits(), amounts);
        }
        return result;
    }

    private static long amountOf(Limit limit, List<Limit> names, List<Long> amounts) {
        boolean takesKind = false;
        for (int i = 0; i < amounts.size(); i++) {
            if (isSame(names.get(i), limit)) {
                return amounts.get(i);
            }
            takesKind |= names.get(i).kind() == limit.kind() && amounts.get(i) > 0;
        }
        return takesKind ? 1 : 0;
    }

    private Reply acquire(String ticket, long[] amounts, long reclaimed) {
        Holders.Holder known = this.holders.get(ticket);
        if (known != null && known.isGone()) {
            return new Reply.Refused(List.of(), Micros.toDuration(0), status(), reclaimed);
        }
        if (known != null) {
            return granted(known, reclaimed);
        }
        requireGrantable(amounts);
        long longest = 0;
        List<Limit> violated = new ArrayList<>();
        for (int i = 0; i < amounts.length; i++) {
            LimitState state = this.states.get(i);
            long wait = (amounts[i] > 0) ? state.waitMicros(amounts[i], this.now, this.meanHoldMicros) : 0;
            if (wait > longest) {
                violated.add(0, state.limit());
                longest = wait;
            } else if (wait > 0) {
                violated.add(state.limit());
            }
        }
        if (!violated.isEmpty()) {
            return new Reply.Refused(violated, Micros.toDuration(longest), status(), reclaimed);
        }
        return grant(ticket, amounts, reclaimed);
    }

    private void requireGrantable(long[] amounts) {
        for (int i = 0; i < amounts.length; i++) {
            Limit limit = this.limits.get(i);
            if (amounts[i] > limit.capacity()) {
                throw new IllegalArgumentException("The amount %d is above the capacity %d of the limit '%s'"
                        .formatted(amounts[i], limit.capacity(), limit.name()));
            }
        }
    }

    private Reply grant(String ticket, long[] amounts, long reclaimed) {
        this.lastNumber = Math.max(this.lastNumber + 1, this.now);
        this.changed = true;
        Map<String, Long> slots = new LinkedHashMap<>();
        long hold = 0;
        for (int i = 0; i < amounts.length; i++) {
            LimitState state = this.states.get(i);
            if (amounts[i] > 0) {
                state.take(amounts[i], this.now);
                this.idleAt = Math.max(this.idleAt, state.idleAt());
            }
            if (amounts[i] > 0 && state.limit() instanceof ConcurrencyLimit limit) {
                slots.put(limit.name(), amounts[i]);
                hold = (limit.maxHold() != null) ? shorter(hold, Micros.of(limit.maxHold())) : hold;
            }
        }
        if (slots.isEmpty()) {
            return new Reply.Granted(this.lastNumber, this.now, 0, 0, status(), reclaimed);
        }
        long holdEnd = (hold > 0) ? this.now + hold : 0;
        Holders.Holder holder =
                new Holders.Holder(ticket, this.lastNumber, this.now, leaseEnd(slots, holdEnd), holdEnd, slots);
        keep(holder);
        return granted(holder, reclaimed);
    }

    private Reply granted(Holders.Holder holder, long reclaimed) {
        return new Reply.Granted(
                holder.fence(),
                holder.grantedAt(),
                Math.max(0, holder.leaseEnd() - this.now),
                (holder.holdEnd() > 0) ? Math.max(1, holder.holdEnd() - this.now) : 0,
                status(),
                reclaimed);
    }

    private void release(String permit) {
        Holders.Holder holder = this.holders.get(permit);
        if (holder == null || holder.isGone()) {
            return;
        }
        this.holders.remove(permit);
        this.changed = true;
        vacate(holder.slots());
        long held = this.now - holder.grantedAt();
        this.meanHoldMicros = (this.meanHoldMicros == 0) ? held : (this.meanHoldMicros * 7 + held) / 8;
    }

    private void cancel(Cancel cancel, long[] amounts) {
        Holders.Holder holder = this.holders.get(cancel.ticket());
        if (holder != null && holder.isGone()) {
            return;
        }
        if (holder != null) {
            vacate(holder.slots());
        }
        long takenAt = (holder != null) ? holder.grantedAt() : cancel.grantedAtMicros();
        for (int i = 0; i < amounts.length && takenAt > 0; i++) {
            if (this.states.get(i) instanceof SlidingWindow window) {
                window.refund(amounts[i], takenAt);
            }
        }
        keep(Holders.Holder.gone(cancel.ticket(), this.now + tombstoneMicros()));
    }

    private long renew(HeldPermit permit, long[] amounts) {
        Holders.Holder holder = this.holders.get(permit.permit());
        if (holder == null) {
            return (permit.leaseLeftMicros() > 0) ? putBack(permit, amounts) : 0;
        }
        if (holder.isGone() || holder.isOverHeld(this.now)) {
            return 0;
        }
        long leaseEnd = leaseEnd(holder.slots(), holder.holdEnd());
        keep(holder.renewed(leaseEnd));
        return leaseEnd - this.now;
    }

    /** The state was lost: a live holder's slots are taken again, above the limit if need be. */
    private long putBack(HeldPermit permit, long[] amounts) {
        Map<String, Long> slots = new LinkedHashMap<>();
        for (int i = 0; i < amounts.length; i++) {
            if (amounts[i] > 0 && this.limits.get(i).kind() == LimitKind.CONCURRENCY) {
                slots.put(this.limits.get(i).name(), amounts[i]);
            }
        }
        long holdEnd = (permit.holdLeftMicros() > 0) ? this.now + permit.holdLeftMicros() : 0;
        long leaseEnd = leaseEnd(slots, holdEnd);
        this.lastNumber = Math.max(this.lastNumber, permit.fence());
        occupy(slots);
        keep(new Holders.Holder(permit.permit(), permit.fence(), permit.grantedAtMicros(), leaseEnd, holdEnd, slots));
        return leaseEnd - this.now;
    }

    private Reply inspect(int maxHolders, long reclaimed) {
        List<Reply.Holder> longestFirst = this.holders.live().stream()
                .sorted(Comparator.comparingLong(Holders.Holder::fence))
                .limit(maxHolders)
                .map((holder) -> new Reply.Holder(
                        holder.permit(),
                        this.limits.stream()
                                .map((limit) -> slotsOf(holder, limit))
                                .toList(),
                        Math.max(0, this.now - holder.grantedAt()),
                        holder.leaseEnd() - this.now))
                .toList();
        return new Reply.Inspected(this.holders.live().size(), longestFirst, status(), reclaimed);
    }

    private static long slotsOf(Holders.Holder holder, Limit limit) {
        return (limit.kind() == LimitKind.CONCURRENCY) ? holder.slots().getOrDefault(limit.name(), 0L) : 0;
    }

    /** Takes back the slots of holders whose lease or maximum hold is over. */
    private long sweep() {
        int before = this.holders.size();
        List<Holders.Holder> over = this.holders.removeOver(this.now);
        this.changed |= this.holders.size() < before;
        for (Holders.Holder holder : over) {
            vacate(holder.slots());
            if (holder.isOverHeld(this.now)) {
                keep(Holders.Holder.gone(holder.permit(), this.now + tombstoneMicros()));
            }
        }
        return over.size();
    }

    private void keep(Holders.Holder holder) {
        this.changed = true;
        this.holders.put(holder);
        this.idleAt = Math.max(this.idleAt, holder.leaseEnd());
    }

    private void occupy(Map<String, Long> slots) {
        slotCounts()
                .forEach((count) -> count.take(slots.getOrDefault(count.limit().name(), 0L), this.now));
    }

    private void vacate(Map<String, Long> slots) {
        slotCounts()
                .forEach((count) -> count.free(slots.getOrDefault(count.limit().name(), 0L)));
    }

    private Stream<SlotCount> slotCounts() {
        return this.states.stream().filter(SlotCount.class::isInstance).map(SlotCount.class::cast);
    }

    private long leaseEnd(Map<String, Long> slots, long holdEnd) {
        long lease = 0;
        for (Limit limit : this.limits) {
            if (limit instanceof ConcurrencyLimit concurrency && slots.containsKey(limit.name())) {
                lease = shorter(lease, Micros.of(concurrency.lease()));
            }
        }
        return shorter(holdEnd, this.now + ((lease > 0) ? lease : DEFAULT_LEASE_MICROS));
    }

    private long tombstoneMicros() {
        long longest = DEFAULT_LEASE_MICROS;
        for (Limit limit : this.limits) {
            if (limit instanceof ConcurrencyLimit concurrency) {
                longest = Math.max(longest, Micros.of(concurrency.lease()));
            }
        }
        return longest;
    }

    /** The smaller of a time that may be unset (0) and one that is set. */
    private static long shorter(long unsetOrTime, long time) {
        return (unsetOrTime == 0) ? time : Math.min(unsetOrTime, time);
    }

    private List<LimitStatus> status() {
        return this.states.stream().map((state) -> state.status(this.now)).toList();
    }
}
