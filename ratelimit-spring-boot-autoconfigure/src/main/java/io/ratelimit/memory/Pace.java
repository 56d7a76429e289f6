package io.ratelimit.memory;

/**
 * How fast a bucket empties, exactly: a unit takes {@code windowMicros / limit} microseconds. Divides before it multiplies, so that no
 * number is above 2^53 and Lua counts the same.
 *
 * @param limit how many units
 * @param windowMicros in which time
 */
record Pace(long limit, long windowMicros) {

    /** Returns the time that an amount takes. */
    Level time(long amount) {
        long rest = amount % this.limit;
        long parts = rest * (this.windowMicros % this.limit);
        long micros =
                amount / this.limit * this.windowMicros + rest * (this.windowMicros / this.limit) + parts / this.limit;
        return new Level(micros, parts % this.limit);
    }

    /** Returns the amount that takes a time, rounded up. */
    long amount(Level level) {
        long micros = level.micros() % this.windowMicros;
        Level rest = new Level(micros, level.parts());
        // within one of the true number, as there are no more than 10 million in a window
        long amount = (long) ((double) micros * this.limit / this.windowMicros);
        while (time(amount).compareTo(rest) < 0) {
            amount++;
        }
        while (amount > 0 && time(amount - 1).compareTo(rest) >= 0) {
            amount--;
        }
        return level.micros() / this.windowMicros * this.limit + amount;
    }

    Level sum(Level one, Level other) {
        long parts = one.parts() + other.parts();
        long carry = (parts >= this.limit) ? 1 : 0;
        return new Level(one.micros() + other.micros() + carry, parts - carry * this.limit);
    }

    Level difference(Level one, Level smaller) {
        long borrow = (one.parts() < smaller.parts()) ? 1 : 0;
        return new Level(one.micros() - smaller.micros() - borrow, one.parts() - smaller.parts() + borrow * this.limit);
    }

    /**
     * How full a bucket is, as the time until it is empty.
     *
     * @param micros whole microseconds
     * @param parts and so many parts of the limit of a microsecond
     */
    record Level(long micros, long parts) implements Comparable<Level> {

        static final Level EMPTY = new Level(0, 0);

        @Override
        public int compareTo(Level other) {
            return (this.micros != other.micros)
                    ? Long.compare(this.micros, other.micros)
                    : Long.compare(this.parts, other.parts);
        }

        Level atMost(Level other) {
            return (compareTo(other) <= 0) ? this : other;
        }

        /** Returns the whole microseconds after which it is empty. */
        long roundedUp() {
            return this.micros + ((this.parts > 0) ? 1 : 0);
        }
    }
}
