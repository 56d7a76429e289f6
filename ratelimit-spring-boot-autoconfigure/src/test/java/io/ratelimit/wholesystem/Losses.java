package io.ratelimit.wholesystem;

import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.PutBack;
import io.ratelimit.wholesystem.Step.Restarted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * When Redis has lost its state, and when it has learned again what was granted before. A loss has an end for each permit: when it is put
 * back.
 */
final class Losses {

    private final List<Long> beginsMicros = new ArrayList<>();

    private final Map<Long, Long> slots = new HashMap<>();

    /** The last grant that Redis had made when it put a permit back, by the number of losses and the fence of that permit. */
    private final Map<Integer, Map<Long, Long>> putBackAfter = new HashMap<>();

    private Losses() {}

    static Losses of(History history) {
        Losses losses = new Losses();
        Map<String, Long> fences = new HashMap<>();
        long last = 0;
        for (Step step : history.steps()) {
            if (step instanceof Granted granted) {
                last = granted.fence();
                fences.put(granted.ticket(), last);
                losses.slots.put(last, granted.slots());
            } else if (step instanceof PutBack && fences.containsKey(step.ticket())) {
                losses.putBackAfter
                        .computeIfAbsent(losses.beginsMicros.size(), (count) -> new HashMap<>())
                        .put(fences.get(step.ticket()), last);
            } else if (step instanceof Restarted restarted && restarted.lost()) {
                losses.beginsMicros.add(restarted.atMicros());
            }
        }
        return losses;
    }

    /** Returns how many losses were before a time by Redis' clock. */
    int before(long micros) {
        return (int)
                this.beginsMicros.stream().filter((begin) -> begin < micros).count();
    }

    /** Returns whether Redis did not know of a permit when it granted another. */
    boolean isForgotten(long fence, long otherFence) {
        int losses = before(otherFence);
        return before(fence) < losses
                && this.putBackAfter.getOrDefault(losses, Map.of()).getOrDefault(fence, Long.MAX_VALUE) >= otherFence;
    }

    /** Returns how many slots a permit takes; one of which Redis was not seen to grant it takes one. */
    long slots(long fence) {
        return this.slots.getOrDefault(fence, 1L);
    }
}
