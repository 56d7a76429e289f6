package io.ratelimit.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * All turns of one pass, in the order of their grants, from the first, when all slots were free, to the last, when they were again.
 *
 * @param turns the turns
 * @param mistakes calls that got no slot
 */
record History(List<Turn> turns, List<String> mistakes) {

    private static final String MISTAKE = "# ";

    History {
        turns = turns.stream()
                .sorted(Comparator.comparingLong(Turn::grantedNanos))
                .toList();
    }

    static History read(Path file) throws IOException {
        List<Turn> turns = new ArrayList<>();
        List<String> mistakes = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(MISTAKE)) {
                mistakes.add(line.substring(MISTAKE.length()));
            } else {
                turns.add(Turn.parse(line));
            }
        }
        return new History(turns, mistakes);
    }

    History and(History other) {
        return new History(
                Stream.concat(this.turns.stream(), other.turns.stream()).toList(),
                Stream.concat(this.mistakes.stream(), other.mistakes.stream()).toList());
    }

    /**
     * Returns how long it took to hand over the slot of each turn, in their order. With n slots the grant n + k cannot be before the
     * slot has come free that the k-th closing gives back, whichever that is. Meaningful as long as callers wait all the time.
     *
     * @param slots how many there are; as many turns at the beginning found theirs free and are left out
     */
    long[] handoverNanos(int slots) {
        long[] closings =
                this.turns.stream().mapToLong(Turn::closingNanos).sorted().toArray();
        long[] handovers = new long[Math.max(0, closings.length - slots)];
        for (int i = 0; i < handovers.length; i++) {
            handovers[i] = this.turns.get(i + slots).grantedNanos() - closings[i];
        }
        return handovers;
    }

    /** Returns how many callers each turn has overtaken, in their order: they had asked before it, and got their slot after it. */
    long[] overtaken() {
        long[] overtaken = new long[this.turns.size()];
        for (int i = 0; i < overtaken.length; i++) {
            long askedNanos = this.turns.get(i).askedNanos();
            overtaken[i] = this.turns.subList(i + 1, overtaken.length).stream()
                    .filter((later) -> later.askedNanos() < askedNanos)
                    .count();
        }
        return overtaken;
    }

    /** Returns how many had a slot at the same time, at most. */
    int mostAtOnce() {
        long[] closings =
                this.turns.stream().mapToLong(Turn::closingNanos).sorted().toArray();
        int most = 0;
        for (int i = 0; i < this.turns.size(); i++) {
            int closed = Arrays.binarySearch(closings, this.turns.get(i).grantedNanos());
            most = Math.max(most, i + 1 - (closed < 0 ? -closed - 1 : closed));
        }
        return most;
    }
}
