package io.ratelimit.wholesystem;

import io.ratelimit.wholesystem.Step.Granted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What has happened: as Redis did it, and as the workers saw it.
 *
 * @param steps the steps of the partition, in Redis' order
 * @param elsewhere the steps of other servers that have served the partition
 * @param occurrences what the workers have told, and what the test has done to them, by time
 * @param endMicros when it ends, by Redis' clock: leases may be over by then without a step
 */
record History(List<Step> steps, List<Step> elsewhere, List<Occurrence> occurrences, long endMicros) {

    /** Makes one of a Redis of one server. */
    History(List<Step> steps, List<Occurrence> occurrences, long endMicros) {
        this(steps, List.of(), occurrences, endMicros);
    }

    /** Returns the steps of all servers of a kind, in no order. */
    <S extends Step> Stream<S> everywhere(Class<S> kind) {
        return Stream.concat(this.steps.stream(), this.elsewhere.stream())
                .filter(kind::isInstance)
                .map(kind::cast);
    }

    Stream<Granted> grants() {
        return steps(Granted.class);
    }

    <S extends Step> Stream<S> steps(Class<S> kind) {
        return this.steps.stream().filter(kind::isInstance).map(kind::cast);
    }

    Stream<Occurrence> occurrences(Event event) {
        return this.occurrences.stream().filter((occurrence) -> occurrence.event() == event);
    }

    /**
     * Returns the times during which workers used permits that they could take for valid. The use of a killed worker ends with it; that of
     * a frozen one whose permit was no longer valid afterwards ends where it froze, at the latest; where a worker has looked, that of a
     * permit which it did not find valid in the end goes as far as its last look. One that froze before it was told of its grant, and
     * was told too late, has never used it: such a use ends before it begins.
     */
    List<Use> uses() {
        Map<Long, Long> ends = new HashMap<>();
        Map<Long, Long> looks = new HashMap<>();
        for (Occurrence occurrence : this.occurrences) {
            switch (occurrence.event()) {
                case VALID -> looks.merge(occurrence.number(), occurrence.nanos(), Math::max);
                case CLOSING -> ends.merge(occurrence.number(), occurrence.nanos(), Math::min);
                case CLOSING_LATE, LOST -> ends.merge(occurrence.number(), surelyValidUntil(occurrence), Math::min);
                default -> {}
            }
        }
        occurrences(Event.CLOSING).forEach((closing) -> looks.remove(closing.number()));
        ends.putAll(looks);
        List<Use> uses = new ArrayList<>();
        occurrences(Event.GRANTED).forEach((granted) -> {
            long end = ends.getOrDefault(granted.number(), Long.MAX_VALUE);
            long killed = occurrences(Event.KILLED)
                    .filter((occurrence) -> occurrence.worker() == granted.worker())
                    .mapToLong(Occurrence::nanos)
                    .findFirst()
                    .orElse(Long.MAX_VALUE);
            uses.add(new Use(granted.number(), granted.nanos(), Math.min(end, killed)));
        });
        return uses;
    }

    private long surelyValidUntil(Occurrence tooLate) {
        return occurrences(Event.FROZEN)
                .filter((frozen) -> frozen.worker() == tooLate.worker() && frozen.nanos() < tooLate.nanos())
                .mapToLong(Occurrence::nanos)
                .max()
                .orElse(tooLate.nanos());
    }

    /**
     * A permit in use.
     *
     * @param fence its fencing token
     * @param fromNanos when its worker knew that it had it
     * @param toNanos when its worker closed it, or until when it could take it for valid; the greatest number: it still has it
     */
    record Use(long fence, long fromNanos, long toNanos) {}
}
