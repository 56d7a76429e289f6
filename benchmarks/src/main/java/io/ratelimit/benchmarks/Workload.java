package io.ratelimit.benchmarks;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What is done. */
enum Workload {

    /** Takes one of a rate that never runs out; all threads share one limit. */
    RATE("rate acquisitions on one hot key", true, true),

    /** Takes a slot and gives it back; there are more slots than threads. The bare call it is compared with is <em>one</em>. */
    PAIR("acquire + release of a slot on one hot key", true, true),

    /** As {@link #RATE}, each time for one of many keys. */
    KEYS("rate acquisitions on 10,000 random keys", true, false),

    /** Asks for one of a rate that is used up. */
    REFUSED("refusals of a rate that is used up", false, false);

    /** A rate that nobody reaches, and the highest that a limit of ours can say. */
    static final long ENOUGH_PER_SECOND = 10_000_000;

    /** More slots than any run has threads. */
    static final int ENOUGH_SLOTS = 1_000;

    static final List<String> RANDOM_KEYS =
            IntStream.range(0, 10_000).mapToObj((i) -> "user-" + i).toList();

    private final String description;

    private final boolean granted;

    private final boolean scales;

    Workload(String description, boolean granted, boolean scales) {
        this.description = description;
        this.granted = granted;
        this.scales = scales;
    }

    String description() {
        return this.description;
    }

    /** Whether calls are granted: the other answer is a mistake. */
    boolean granted() {
        return this.granted;
    }

    /** On how many threads it runs if nothing else is said. */
    List<Integer> threads() {
        return this.scales ? List.of(1, 8, 64, 256) : List.of(64);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
