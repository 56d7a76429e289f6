package io.ratelimit.memory;

import java.util.HashMap;
import java.util.Map;

/**
 * The instances whose tickets wait, and until when their last sign of life counts.
 */
final class LiveInstances {

    private final Timeline time;

    private final Map<String, Long> ends = new HashMap<>();

    private final EarliestEnd earliestEnd;

    LiveInstances(Timeline time) {
        this.time = time;
        this.earliestEnd = new EarliestEnd(time);
    }

    void mark(String instance, long leaseMicros) {
        long end = this.time.now() + leaseMicros;
        this.ends.put(instance, end);
        this.earliestEnd.include(end);
        this.time.stayUntil(end);
        this.time.change();
    }

    boolean contains(String instance) {
        return end(instance) > this.time.now();
    }

    long end(String instance) {
        return this.ends.getOrDefault(instance, 0L);
    }

    void removeEnded() {
        if (!this.earliestEnd.hasCome()) {
            return;
        }
        this.ends.values().removeIf((end) -> end <= this.time.now());
        this.earliestEnd.moveTo(
                this.ends.values().stream().mapToLong(Long::longValue).min().orElse(Micros.FOREVER));
    }

    /** Returns a lower bound of when the next sign of life no longer counts. */
    long earliestEnd() {
        return this.earliestEnd.bound();
    }
}
