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
     * Returns what to tell the head, if time alone is in its way: its owner asks again then. It is told once, and again only if its time has
     * come nearer.
     */
    Optional<Notice> turn() {
        Optional<Ticket> head = head();
        if (head.isEmpty()) {
            return Optional.empty();
        }
        Obstacles obstacles = this.ledger.obstacles(head.get().amounts());
        long wait = obstacles.longestWaitMicros();
        Told now = new Told(head.get().score(), this.time.now() + wait);
        if (!obstacles.areRatesAlone() || this.told.filter(now::isNoNews).isPresent()) {
            return Optional.empty();
        }
        this.told = Optional.of(now);
        this.time.change();
        return Optional.of(new Notice.Turn(head.get().id(), Micros.toDuration(wait)));
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
