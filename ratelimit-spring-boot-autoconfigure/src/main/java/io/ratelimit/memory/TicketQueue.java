package io.ratelimit.memory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The tickets in their order, found by id too.
 */
final class TicketQueue {

    /** How many tickets are looked at in one sweep, so that a call stays short however many wait. */
    private static final int MOST_SWEPT = 64;

    private final Timeline time;

    private final Map<String, Ticket> byId = new HashMap<>();

    private final NavigableSet<Ticket> inOrder = new TreeSet<>();

    private int sweepFrom;

    TicketQueue(Timeline time) {
        this.time = time;
    }

    int size() {
        return this.inOrder.size();
    }

    Optional<Ticket> head() {
        return this.inOrder.isEmpty() ? Optional.empty() : Optional.of(this.inOrder.first());
    }

    Optional<Ticket> find(String id) {
        return Optional.ofNullable(this.byId.get(id));
    }

    Stream<Ticket> inOrder() {
        return this.inOrder.stream();
    }

    void add(Ticket ticket) {
        this.byId.put(ticket.id(), ticket);
        this.inOrder.add(ticket);
        this.time.change();
    }

    void remove(Ticket ticket) {
        this.byId.remove(ticket.id());
        this.inOrder.remove(ticket);
        if (this.inOrder.isEmpty()) {
            this.sweepFrom = 0;
        }
        this.time.change();
    }

    /** Removes those of the next few tickets that a test meets: over several sweeps, every ticket is looked at. */
    void sweep(Predicate<Ticket> test) {
        int from = (this.sweepFrom < size()) ? this.sweepFrom : 0;
        List<Ticket> looked = this.inOrder.stream().skip(from).limit(MOST_SWEPT).toList();
        List<Ticket> removed = looked.stream().filter(test).toList();
        removed.forEach(this::remove);
        this.sweepFrom = from + looked.size() - removed.size();
        this.time.change();
    }

    /** Changes what the tickets ask for, and nothing about their places. */
    void changeAmounts(UnaryOperator<Amounts> change) {
        List<Ticket> before = List.copyOf(this.inOrder);
        this.inOrder.clear();
        before.stream()
                .map((ticket) -> ticket.asking(change.apply(ticket.amounts())))
                .forEach(this::add);
    }
}
