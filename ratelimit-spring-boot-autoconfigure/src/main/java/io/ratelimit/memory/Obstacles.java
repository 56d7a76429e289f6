package io.ratelimit.memory;

import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import java.util.List;

/**
 * What is in the way of some amounts.
 *
 * @param list the limits, the one with the longest wait first
 */
record Obstacles(List<Obstacle> list) {

    boolean areNone() {
        return this.list.isEmpty();
    }

    /** Returns whether nobody needs to give anything back for these to go: time alone is in the way. */
    boolean areRatesAlone() {
        return !areNone() && this.list.stream().allMatch(Obstacle::isRate);
    }

    List<Limit> limits() {
        return this.list.stream().map(Obstacle::limit).toList();
    }

    long longestWaitMicros() {
        return areNone() ? 0 : this.list.get(0).waitMicros();
    }

    long longestRateWaitMicros() {
        return this.list.stream()
                .filter(Obstacle::isRate)
                .mapToLong(Obstacle::waitMicros)
                .max()
                .orElse(0);
    }

    /**
     * A limit that is in the way.
     *
     * @param limit the limit
     * @param waitMicros for how long: exact for a rate, an estimate for slots
     */
    record Obstacle(Limit limit, long waitMicros) {

        boolean isRate() {
            return this.limit.kind() == LimitKind.RATE;
        }
    }
}
