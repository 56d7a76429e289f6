package io.ratelimit.memory;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.memory.PermitRecord.Holder;
import io.ratelimit.memory.PermitRecord.Tombstone;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Takes amounts from the ledger for a permit, and gives them back when it is over. The lease that its methods are given is the caller's: it
 * counts where no limit says how long a lease is.
 *
 * <p>Invariant: what the ledger says is used of a concurrency limit is the sum over the holders.
 */
final class Grants {

    private final Timeline time;

    private final Ledger ledger;

    private final Holders holders;

    Grants(Timeline time, Ledger ledger, Holders holders) {
        this.time = time;
        this.ledger = ledger;
        this.holders = holders;
    }

    /** Grants to a caller who gets the answer: of rates alone nothing is kept. */
    Answer<Granted> grantCaller(String ticket, Amounts amounts, long leaseMicros) {
        Holder holder = take(ticket, amounts, leaseMicros);
        if (holder.hasSlots()) {
            this.holders.keep(holder);
        }
        return granted(holder);
    }

    /**
     * Grants to one who is told by a message, which may be lost: a record is kept until its caller is known to have it. The lease ends
     * with the sign of life of its instance at the latest, so that a holder and a head that die together cost one lease, not two.
     */
    Answer<Granted> grantWaiting(String ticket, Amounts amounts, long leaseMicros, long liveUntil) {
        Holder taken = take(ticket, amounts, leaseMicros);
        Holder holder = taken.renewed(Math.min(taken.end(), liveUntil));
        this.holders.keep(holder);
        return granted(holder);
    }

    private Holder take(String ticket, Amounts amounts, long leaseMicros) {
        long number = this.time.nextNumber();
        this.time.took(number);
        this.time.change();
        this.ledger.take(amounts);
        Amounts slots = amounts.slots();
        long holdEnd = limitsOf(slots)
                .map(ConcurrencyLimit::maxHold)
                .filter(Objects::nonNull)
                .mapToLong((hold) -> this.time.now() + Micros.of(hold))
                .min()
                .orElse(Micros.FOREVER);
        return new Holder(ticket, number, this.time.now(), leaseEnd(slots, holdEnd, leaseMicros), holdEnd, slots);
    }

    /** Answers with a grant as it stands. */
    Answer<Granted> granted(Holder holder) {
        long lease = holder.hasSlots() ? Math.max(0, holder.end() - this.time.now()) : 0;
        long hold = (holder.holdEnd() < Micros.FOREVER) ? Math.max(1, holder.holdEnd() - this.time.now()) : 0;
        return (status) -> new Granted(holder.fence(), holder.grantedAt(), lease, hold, status);
    }

    void release(Holder holder) {
        this.holders.remove(holder);
        this.ledger.free(holder.slots());
        if (holder.hasSlots()) {
            this.ledger.learnHold(Math.max(0, this.time.now() - holder.grantedAt()));
        }
    }

    /** Undoes a grant, as if it had never been. */
    void undo(Holder holder, Amounts amounts) {
        this.ledger.free(holder.slots());
        this.ledger.refund(amounts, holder.grantedAt());
    }

    /** Takes slots away for an operator. */
    void evict(Optional<PermitRecord> known, String permit, long leaseMicros) {
        if (known.orElse(null) instanceof Holder holder) {
            this.ledger.free(holder.slots());
        }
        bury(permit, leaseMicros);
    }

    /** Remembers for a lease that a permit is over. */
    void bury(String permit, long leaseMicros) {
        long longest = LongStream.concat(LongStream.of(leaseMicros), leases(this.ledger.limits().stream()))
                .max()
                .orElseThrow();
        this.holders.keep(new Tombstone(permit, this.time.now() + longest));
    }

    /** Renews the lease of a holder, unless it has held for as long as it may. */
    Optional<Holder> renew(Holder holder, long leaseMicros) {
        if (holder.isOverHeld(this.time.now())) {
            return Optional.empty();
        }
        Holder renewed = holder.renewed(leaseEnd(holder.slots(), holder.holdEnd(), leaseMicros));
        this.holders.keep(renewed);
        return Optional.of(renewed);
    }

    /** The state was lost: a live holder's slots are taken again, above the limit if need be. */
    Holder putBack(HeldPermit permit, Amounts amounts, long leaseMicros) {
        Amounts slots = amounts.slots();
        long holdEnd = (permit.holdLeftMicros() > 0) ? this.time.now() + permit.holdLeftMicros() : Micros.FOREVER;
        Holder holder = new Holder(
                permit.permit(),
                permit.fence(),
                permit.grantedAtMicros(),
                leaseEnd(slots, holdEnd, leaseMicros),
                holdEnd,
                slots);
        this.time.took(permit.fence());
        this.ledger.take(slots);
        this.holders.keep(holder);
        return holder;
    }

    /** Takes back what has not been renewed in time. */
    Swept sweep(long leaseMicros) {
        List<PermitRecord> ended = this.holders.removeEnded();
        long reclaimed = 0;
        for (PermitRecord record : ended) {
            if (record instanceof Holder holder) {
                reclaimed++;
                this.ledger.free(holder.slots());
                if (holder.isOverHeld(this.time.now())) {
                    bury(holder.permit(), leaseMicros);
                }
            }
        }
        return new Swept(reclaimed, ended.size() == Holders.MOST_REMOVED);
    }

    /** Takes the slots again in a ledger that has come to go by other limits. */
    void retake() {
        for (Holder holder : this.holders.all().toList()) {
            Amounts kept = holder.slots().keptOf(this.ledger.limits());
            this.ledger.take(kept);
            this.holders.keep(holder.holding(kept));
        }
    }

    private long leaseEnd(Amounts slots, long holdEnd, long leaseMicros) {
        long lease = leases(limitsOf(slots)).min().orElse(leaseMicros);
        return Math.min(holdEnd, this.time.now() + lease);
    }

    private static LongStream leases(Stream<? extends Limit> limits) {
        return limits.filter(ConcurrencyLimit.class::isInstance)
                .map(ConcurrencyLimit.class::cast)
                .map(ConcurrencyLimit::lease)
                .mapToLong(Micros::of);
    }

    private static Stream<ConcurrencyLimit> limitsOf(Amounts slots) {
        return IntStream.range(0, slots.limits().size())
                .filter((index) -> slots.at(index) > 0)
                .mapToObj((index) -> (ConcurrencyLimit) slots.limits().get(index));
    }

    /**
     * What a sweep took back.
     *
     * @param reclaimed how many permits were over
     * @param more whether there may be more
     */
    record Swept(long reclaimed, boolean more) {}
}
