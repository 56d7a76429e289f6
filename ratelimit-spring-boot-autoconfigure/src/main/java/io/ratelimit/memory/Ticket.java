package io.ratelimit.memory;

import io.ratelimit.backend.Operation;
import java.util.Comparator;

/**
 * A place in the queue. Tickets are ordered by their score, so that who has a level more of priority is ahead of those who came up to a
 * second before, and nobody starves: who waits longer than that is ahead of any newcomer of one level more.
 *
 * @param id the ticket's text, which begins with the name of its instance and a colon
 * @param sequence its number
 * @param priority its priority
 * @param deadline until when it waits
 * @param amounts what it asks for
 */
record Ticket(String id, long sequence, int priority, long deadline, Amounts amounts) implements Comparable<Ticket> {

    private static final Comparator<Ticket> ORDER =
            Comparator.comparingLong(Ticket::score).thenComparing(Ticket::id);

    long score() {
        return this.sequence - this.priority * Operation.MICROS_PER_PRIORITY;
    }

    String instance() {
        return instanceOf(this.id);
    }

    Ticket asking(Amounts otherAmounts) {
        return new Ticket(this.id, this.sequence, this.priority, this.deadline, otherAmounts);
    }

    @Override
    public int compareTo(Ticket other) {
        return ORDER.compare(this, other);
    }

    /** Returns the name of the instance that a ticket belongs to. */
    static String instanceOf(String id) {
        int colon = id.indexOf(':');
        return (colon < 0) ? id : id.substring(0, colon);
    }
}
