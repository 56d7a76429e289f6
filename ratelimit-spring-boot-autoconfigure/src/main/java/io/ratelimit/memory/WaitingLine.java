package io.ratelimit.memory;

import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Those who wait, and which of them are still there to be granted anything.
 */
final class WaitingLine {

    private final Timeline time;

    private final Ledger ledger;

    private final TicketQueue tickets;

    private final LiveInstances live;

    private Optional<Told> told = Optional.empty();

    WaitingLine(Timeline time, Ledger ledger) {
        this.time = time;
        this.ledger = ledger;
        this.tickets = new TicketQueue(time);
        this.live = new LiveInstances(time);
    }

    int size() {
        return this.tickets.size();
    }

    Optional<Ticket> head() {
        return this.tickets.head();
    }

    Optional<Ticket> find(String id) {
        return this.tickets.find(id);
    }

    Stream<Ticket> inOrder() {
        return this.tickets.inOrder();
    }

    /** Returns whether a newcomer would be the head. */
    boolean isAhead(Ticket newcomer) {
        return head().map((head) -> newcomer.compareTo(head) < 0).orElse(true);
    }

    void join(Ticket ticket) {
        this.time.took(ticket.sequence());
        this.tickets.add(ticket);
    }

    void leave(Ticket ticket) {
        this.tickets.remove(ticket);
    }

    /** Returns whether one more may wait; where it seems not, the dead make room first. */
    boolean hasRoom(int maxQueue) {
        if (size() >= maxQueue) {
            this.tickets.sweep(this::isDead);
        }
        return size() < maxQueue;
    }

    /** Returns whether a ticket can be granted nothing any more: nobody is there, or waits, or it can never be enough. */
    boolean isDead(Ticket ticket) {
        return !this.live.contains(ticket.instance())
                || ticket.deadline() <= this.time.now()
                || ticket.amounts().firstAboveCapacity().isPresent();
    }

    /** Returns when the sign of life of a ticket's instance no longer counts. */
    long liveUntil(Ticket ticket) {
        return this.live.end(ticket.instance());
    }

    void markLive(String instance, long leaseMicros) {
        this.live.mark(instance, leaseMicros);
    }

    void forgetDeadInstances() {
        this.live.removeEnded();
    }

    /** Returns a lower bound of when the next instance is no longer live. */
    long earliestEnd() {
        return this.live.earliestEnd();
    }

    void changeAmounts(UnaryOperator<Amounts> change) {
        this.tickets.changeAmounts(change);
        this.told = Optional.empty();
    }

    /**
     * Returns what to tell the head, if time alone is in its way: its owner asks again then. It is told once, and again if its time has
     * come nearer.
     *
     * @param again whether it is told again in any case: it may not have heard, or have come too early
     */
    Optional<Notice> turn(boolean again) {
        Optional<Told> before = again ? Optional.empty() : this.told;
        Optional<Notice> turn = head().flatMap((head) -> turn(head, before));
        // as in Redis, where what has changed nothing writes nothing, forgetting alone is no change
        if (again && turn.isEmpty() && this.time.hasChanged()) {
            this.told = Optional.empty();
        }
        return turn;
    }

    private Optional<Notice> turn(Ticket head, Optional<Told> before) {
        Obstacles obstacles = this.ledger.obstacles(head.amounts());
        long wait = obstacles.longestWaitMicros();
        Told now = new Told(head.score(), this.time.now() + wait);
        if (!obstacles.areRatesAlone() || before.filter(now::isNoNews).isPresent()) {
            return Optional.empty();
        }
        this.told = Optional.of(now);
        this.time.change();
        return Optional.of(new Notice.Turn(head.id(), Micros.toDuration(wait)));
    }

    /**
     * What the head was told.
     *
     * @param score its score
     * @param open when time will have opened the way
     */
    private record Told(long score, long open) {

        boolean isNoNews(Told before) {
            return before.score == this.score && before.open <= this.open;
        }
    }
}
