package io.ratelimit.memory;

import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.backend.Reply.Renewed;
import io.ratelimit.memory.PermitRecord.Holder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Takes signs of life, and puts back what its owner still has and the state has lost.
 */
final class Renewal {

    private final Timeline time;

    private final Ledger ledger;

    private final Grants grants;

    private final Holders holders;

    private final WaitingLine line;

    Renewal(Timeline time, Ledger ledger, Grants grants, Holders holders, WaitingLine line) {
        this.time = time;
        this.ledger = ledger;
        this.grants = grants;
        this.holders = holders;
        this.line = line;
    }

    Answer<Renewed> renew(Renew renew, Partition sender) {
        long lease = Micros.of(sender.lease());
        List<Long> leases = renew.permits().stream()
                .map((permit) -> permit(permit, this.ledger.amounts(sender, permit.amounts()), lease))
                .toList();
        renew.tickets().forEach((ticket) -> this.line.markLive(Ticket.instanceOf(ticket.ticket()), lease));
        List<? extends Answer<? extends Decision>> tickets = renew.tickets().stream()
                .map((ticket) -> ticket(ticket, this.ledger.amounts(sender, ticket.amounts()), lease))
                .toList();
        return (status) -> new Renewed(
                leases,
                tickets.stream().<Decision>map((answer) -> answer.with(status)).toList(),
                status);
    }

    private long permit(HeldPermit permit, Amounts amounts, long lease) {
        Optional<PermitRecord> known = this.holders.find(permit.permit());
        if (known.isPresent()) {
            return renewed(known.get(), lease)
                    .map((holder) -> holder.end() - this.time.now())
                    .orElse(0L);
        }
        if (permit.leaseLeftMicros() <= 0) {
            return 0;
        }
        // where the state went back to before the grant, the ticket waits again: it must not be granted a second time
        this.line.find(permit.permit()).ifPresent(this.line::leave);
        return this.grants.putBack(permit, amounts, lease).end() - this.time.now();
    }

    private Optional<Holder> renewed(PermitRecord known, long lease) {
        return (known instanceof Holder holder) ? this.grants.renew(holder, lease) : Optional.empty();
    }

    private Answer<? extends Decision> ticket(WaitingTicket ticket, Amounts amounts, long lease) {
        Optional<PermitRecord> known = this.holders.find(ticket.ticket());
        if (known.isPresent()) {
            return known(known.get(), lease);
        }
        Optional<Ticket> waiting = this.line.find(ticket.ticket());
        return waiting.isPresent() ? queued(waiting.get()) : queueAgain(ticket, amounts);
    }

    /** Answers for a ticket that was granted: its lease is whole again, unless it is over for good. */
    Answer<? extends Decision> known(PermitRecord known, long lease) {
        Optional<Holder> holder = renewed(known, lease);
        return holder.isPresent() ? this.grants.granted(holder.get()) : Admission.refusedForGood();
    }

    /** The state was lost: the ticket gets its old place, although the queue may be full. */
    private Answer<? extends Decision> queueAgain(WaitingTicket ticket, Amounts amounts) {
        OptionalInt tooMuch = amounts.firstAboveCapacity();
        if (tooMuch.isPresent()) {
            return Admission.refused(List.of(amounts.limits().get(tooMuch.getAsInt())), 0);
        }
        if (ticket.waitLeftMicros() <= 0) {
            return Admission.refusedForGood();
        }
        Ticket again = new Ticket(
                ticket.ticket(),
                ticket.sequence(),
                ticket.priority(),
                this.time.now() + ticket.waitLeftMicros(),
                amounts);
        this.line.join(again);
        return queued(again);
    }

    private Answer<Queued> queued(Ticket ticket) {
        long now = this.time.now();
        return (status) -> new Queued(ticket.sequence(), now, List.of(), status);
    }
}
