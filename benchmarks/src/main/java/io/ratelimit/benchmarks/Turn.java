package io.ratelimit.benchmarks;

/**
 * One caller's way to a slot and back, by the monotonic clock that all JVMs of one machine share.
 *
 * @param askedNanos when it began to wait
 * @param grantedNanos when it knew that it had a slot
 * @param closingNanos when it began to give the slot back
 */
record Turn(long askedNanos, long grantedNanos, long closingNanos) {

    static Turn parse(String line) {
        String[] fields = line.split(" ", 3);
        return new Turn(Long.parseLong(fields[0]), Long.parseLong(fields[1]), Long.parseLong(fields[2]));
    }

    long waitNanos() {
        return this.grantedNanos - this.askedNanos;
    }

    long heldNanos() {
        return this.closingNanos - this.grantedNanos;
    }

    @Override
    public String toString() {
        return this.askedNanos + " " + this.grantedNanos + " " + this.closingNanos;
    }
}
