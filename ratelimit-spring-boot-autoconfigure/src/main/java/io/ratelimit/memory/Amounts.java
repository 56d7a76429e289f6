package io.ratelimit.memory;

import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * How much of each limit.
 *
 * @param limits the limits
 * @param values how much, in the order of the limits; 0: not asked
 */
record Amounts(List<Limit> limits, List<Long> values) {

    Amounts {
        if (limits.size() != values.size()) {
            throw new IllegalArgumentException(
                    "There are %d amounts for %d limits".formatted(values.size(), limits.size()));
        }
    }

    long at(int index) {
        return this.values.get(index);
    }

    boolean areZero() {
        return first((index) -> at(index) > 0).isEmpty();
    }

    /** Returns the first limit that is asked for; the very first if none is, which is so only of amounts that were translated. */
    Limit firstAsked() {
        return this.limits.get(first((index) -> at(index) > 0).orElse(0));
    }

    /** Returns the place of the first limit that can never give as much. */
    OptionalInt firstAboveCapacity() {
        return first((index) -> at(index) > this.limits.get(index).capacity());
    }

    private OptionalInt first(IntPredicate test) {
        for (int i = 0; i < this.values.size(); i++) {
            if (test.test(i)) {
                return OptionalInt.of(i);
            }
        }
        return OptionalInt.empty();
    }

    /** Returns what of this are slots. */
    Amounts slots() {
        return new Amounts(
                this.limits,
                IntStream.range(0, this.values.size())
                        .mapToObj((index) -> this.limits.get(index).kind() == LimitKind.CONCURRENCY ? at(index) : 0L)
                        .toList());
    }

    /**
     * Returns what these amounts mean where other limits count. A limit that their sender does not know takes 1 if the sender takes any of
     * that kind.
     */
    Amounts askedOf(List<Limit> others) {
        return translated(others, (limit) -> takes(limit.kind()) ? 1 : 0);
    }

    /** Returns what is left of these amounts where other limits count: limits that went are forgotten, new ones hold nothing. */
    Amounts keptOf(List<Limit> others) {
        return translated(others, (limit) -> 0);
    }

    private Amounts translated(List<Limit> others, ToLongFunction<Limit> unknown) {
        if (others.equals(this.limits)) {
            return this;
        }
        return new Amounts(
                others,
                others.stream()
                        .map((limit) -> {
                            OptionalInt known = first((index) -> areSame(this.limits.get(index), limit));
                            return known.isPresent() ? at(known.getAsInt()) : unknown.applyAsLong(limit);
                        })
                        .toList());
    }

    private boolean takes(LimitKind kind) {
        return first((index) -> this.limits.get(index).kind() == kind && at(index) > 0)
                .isPresent();
    }

    /** Returns whether two definitions are of the same limit. */
    static boolean areSame(Limit one, Limit other) {
        return one.kind() == other.kind() && one.name().equals(other.name());
    }
}
