package io.ratelimit.memory;

import io.ratelimit.memory.PermitRecord.Holder;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The permits that are known, found by id and by end.
 */
final class Holders {

    /** How many records are removed at once, so that a call stays short however many end together. */
    static final int MOST_REMOVED = 64;

    private final Timeline time;

    private final Map<String, PermitRecord> byPermit = new HashMap<>();

    private final NavigableSet<PermitRecord> byEnd =
            new TreeSet<>(Comparator.comparingLong(PermitRecord::end).thenComparing(PermitRecord::permit));

    private final EarliestEnd earliestEnd;

    Holders(Timeline time) {
        this.time = time;
        this.earliestEnd = new EarliestEnd(time);
    }

    Optional<PermitRecord> find(String permit) {
        return Optional.ofNullable(this.byPermit.get(permit));
    }

    Stream<Holder> all() {
        return this.byPermit.values().stream().filter(Holder.class::isInstance).map(Holder.class::cast);
    }

    /** Keeps a record, instead of the one of the same permit if there is one. */
    void keep(PermitRecord record) {
        find(record.permit()).ifPresent(this.byEnd::remove);
        this.byPermit.put(record.permit(), record);
        this.byEnd.add(record);
        this.earliestEnd.include(record.end());
        this.time.stayUntil(record.end());
        this.time.change();
    }

    void remove(PermitRecord record) {
        this.byPermit.remove(record.permit());
        this.byEnd.remove(record);
        this.time.change();
    }

    /** Removes the first records that have ended, at most {@link #MOST_REMOVED}, and returns them. */
    List<PermitRecord> removeEnded() {
        if (!this.earliestEnd.hasCome()) {
            return List.of();
        }
        List<PermitRecord> ended = this.byEnd.stream()
                .takeWhile((record) -> record.end() <= this.time.now())
                .limit(MOST_REMOVED)
                .toList();
        ended.forEach(this::remove);
        this.earliestEnd.moveTo(
                this.byEnd.isEmpty() ? Micros.FOREVER : this.byEnd.first().end());
        return ended;
    }

    /** Returns a lower bound of when the next record ends. */
    long earliestEnd() {
        return this.earliestEnd.bound();
    }
}
