package io.ratelimit.memory;

/**
 * A lower bound of many ends, so that nobody looks for what has ended before something can have. It may be too early, for it does not
 * move when an end is put off.
 */
final class EarliestEnd {

    private final Timeline time;

    private long bound = Micros.FOREVER;

    EarliestEnd(Timeline time) {
        this.time = time;
    }

    boolean hasCome() {
        return this.time.now() >= this.bound;
    }

    void include(long end) {
        this.bound = Math.min(this.bound, end);
    }

    /** Moves to the true earliest end, which is a change of state also where nothing had ended. */
    void moveTo(long earliest) {
        this.bound = earliest;
        this.time.change();
    }

    long bound() {
        return this.bound;
    }
}
