package io.ratelimit.memory;

import io.ratelimit.Limit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.memory.Obstacles.Obstacle;
import io.ratelimit.memory.PermitRecord.Holder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Lets in who comes, in the order of the queue.
 *
 * <p>Invariants: nobody is granted anything while somebody with a better place waits, so big amounts do not starve; a refusal changes
 * nothing but time.
 */
final class Admission {

    /** How many tickets leave the queue in one call, so that it stays short however many wait. */
    private static final int MOST_STEPS = 64;

    private final Timeline time;

    private final Ledger ledger;

    private final Grants grants;

    private final Holders holders;

    private final WaitingLine line;

    Admission(Timeline time, Ledger ledger, Grants grants, Holders holders, WaitingLine line) {
        this.time = time;
        this.ledger = ledger;
        this.grants = grants;
        this.holders = holders;
        this.line = line;
    }

    /** Grants to the head for as long as its amounts are there. */
    Drained drain(long leaseMicros) {
        List<GrantToTell> granted = new ArrayList<>();
        for (int steps = 0; steps < MOST_STEPS; steps++) {
            Optional<Ticket> head = this.line.head();
            if (head.isEmpty()) {
                return new Drained(granted, false);
            }
            Ticket ticket = head.get();
            if (this.line.isDead(ticket)) {
                this.line.leave(ticket);
            } else if (this.ledger.obstacles(ticket.amounts()).areNone()) {
                this.line.leave(ticket);
                granted.add(new GrantToTell(
                        ticket.id(),
                        this.grants.grantWaiting(
                                ticket.id(), ticket.amounts(), leaseMicros, this.line.liveUntil(ticket))));
            } else {
                return new Drained(granted, false);
            }
        }
        return new Drained(granted, this.line.size() > 0);
    }

    Answer<? extends Decision> acquire(Acquire acquire, Amounts amounts, long leaseMicros) {
        Answer<? extends Decision> again = again(acquire, amounts, leaseMicros);
        return (again != null) ? again : acquireAnew(acquire, amounts, leaseMicros);
    }

    /** Returns what is answered to a ticket that is known already. */
    private @Nullable Answer<? extends Decision> again(Acquire acquire, Amounts amounts, long leaseMicros) {
        Optional<PermitRecord> known = this.holders.find(acquire.ticket());
        if (known.isPresent()) {
            return (known.get() instanceof Holder holder) ? this.grants.granted(holder) : refusedForGood();
        }
        Optional<Ticket> waiting = this.line.find(acquire.ticket());
        if (waiting.isPresent()) {
            this.line.markLive(waiting.get().instance(), leaseMicros);
            return queued(waiting.get(), behindQueue(amounts));
        }
        return null;
    }

    Answer<? extends Decision> acquireAnew(Acquire acquire, Amounts amounts, long leaseMicros) {
        OptionalInt tooMuch = amounts.firstAboveCapacity();
        if (tooMuch.isPresent()) {
            return impossible(amounts, tooMuch.getAsInt());
        }
        Ticket newcomer = new Ticket(
                acquire.ticket(),
                this.time.nextNumber(),
                acquire.priority(),
                this.time.now() + acquire.maxWaitMicros(),
                amounts);
        boolean waits = acquire.maxWaitMicros() > 0;
        boolean first =
                waits ? this.line.isAhead(newcomer) : this.line.size() == 0; // who does not wait has no place in line
        Obstacles obstacles = first ? this.ledger.obstacles(amounts) : behindQueue(amounts);
        if (first && obstacles.areNone()) {
            return this.grants.grantCaller(acquire.ticket(), amounts, leaseMicros);
        }
        if (mayWait(acquire, obstacles) && this.line.hasRoom(acquire.maxQueue())) {
            this.line.markLive(newcomer.instance(), leaseMicros);
            this.line.join(newcomer);
            return queued(newcomer, obstacles);
        }
        return refused(obstacles);
    }

    /** What is in the way of one who is not the first: its own limits, or else those of the head. */
    private Obstacles behindQueue(Amounts amounts) {
        Obstacles own = this.ledger.obstacles(amounts);
        if (!own.areNone()) {
            return own;
        }
        Obstacles ofHead = this.ledger.obstacles(this.line.head().orElseThrow().amounts());
        if (!ofHead.areNone()) {
            return ofHead;
        }
        // the drain stopped early: nothing is in the way but tickets that have not been looked at yet
        return new Obstacles(List.of(new Obstacle(amounts.firstAsked(), 0)));
    }

    /** A rate that opens too late is known to, unless somebody who waits may leave. */
    private boolean mayWait(Acquire acquire, Obstacles obstacles) {
        boolean opensTooLate = this.line.size() == 0 && obstacles.longestRateWaitMicros() > acquire.maxWaitMicros();
        return acquire.maxWaitMicros() > 0 && !opensTooLate;
    }

    private Answer<Queued> queued(Ticket ticket, Obstacles obstacles) {
        long now = this.time.now();
        return (status) -> new Queued(ticket.sequence(), now, obstacles.limits(), status);
    }

    private Answer<Refused> refused(Obstacles obstacles) {
        long ahead = (this.line.size() > 0) ? this.ledger.turnsMicros(this.line.size()) : 0;
        return refused(obstacles.limits(), obstacles.longestWaitMicros() + ahead);
    }

    static Answer<Refused> refused(List<Limit> violated, long waitMicros) {
        return (status) -> new Refused(violated, Micros.toDuration(waitMicros), status);
    }

    static Answer<Refused> refusedForGood() {
        return refused(List.of(), 0);
    }

    private static Answer<Granted> impossible(Amounts amounts, int index) {
        Limit limit = amounts.limits().get(index);
        return (status) -> {
            throw new IllegalArgumentException("The amount %d is above the capacity %d of the limit '%s'"
                    .formatted(amounts.at(index), limit.capacity(), limit.name()));
        };
    }

    /**
     * What a drain did.
     *
     * @param grants what it granted, in order
     * @param more whether it stopped early
     */
    record Drained(List<GrantToTell> grants, boolean more) {}

    /**
     * A grant whose caller does not know of it yet.
     *
     * @param ticket the ticket
     * @param answer what it is to be told
     */
    record GrantToTell(String ticket, Answer<Granted> answer) {}
}
