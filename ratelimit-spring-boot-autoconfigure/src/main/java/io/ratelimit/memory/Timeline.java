package io.ratelimit.memory;

/**
 * The time of a partition, and the numbers made of it. Stands still during a call; whoever changes state during it says so here.
 *
 * <p>Invariants: time never goes back behind the last change; numbers grow, across idle times and lost state too, for they are never
 * below the time.
 */
final class Timeline {

    private long now;

    private boolean changed;

    private long lastChange;

    private long lastNumber;

    private long idleAt;

    void begin(long clockMicros) {
        this.now = Math.max(this.lastChange, clockMicros);
        this.changed = false;
    }

    void end() {
        this.lastChange = this.changed ? this.now : this.lastChange;
    }

    long now() {
        return this.now;
    }

    void change() {
        this.changed = true;
    }

    boolean hasChanged() {
        return this.changed;
    }

    /** Returns whether nothing has ever been changed here. */
    boolean isNew() {
        return this.lastChange == 0;
    }

    /** Returns the number of the next grant or ticket, which is taken only by {@link #took}. */
    long nextNumber() {
        return Math.max(this.lastNumber + 1, this.now);
    }

    void took(long number) {
        this.lastNumber = Math.max(this.lastNumber, number);
    }

    /** Says that the partition is not as if new before a time. */
    void stayUntil(long end) {
        this.idleAt = Math.max(this.idleAt, end);
    }

    /** Returns from when on the partition is as if new. */
    long idleAt() {
        return Math.max(this.idleAt, this.lastNumber + 1);
    }
}
