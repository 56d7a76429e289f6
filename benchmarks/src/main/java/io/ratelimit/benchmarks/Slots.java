package io.ratelimit.benchmarks;

import java.time.Duration;
import java.util.Optional;

/** Slots that callers wait for. */
interface Slots extends AutoCloseable {

    /** How many there are. */
    int COUNT = 5;

    /** How long a caller waits before it gives up: far longer than anybody should have to. */
    Duration LONGEST_WAIT = Duration.ofSeconds(30);

    /**
     * Waits for a slot.
     *
     * @return the slot; empty if the wait ran out
     */
    Optional<Slot> take() throws Exception;

    @Override
    void close();

    /** A slot that somebody has. */
    interface Slot {

        void giveBack();
    }
}
