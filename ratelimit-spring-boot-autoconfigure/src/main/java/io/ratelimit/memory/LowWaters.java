package io.ratelimit.memory;

import io.ratelimit.memory.Pace.Level;
import java.util.ArrayList;
import java.util.List;

/**
 * How low a bucket has been since any moment: the levels that were never undercut since, which are lowest directly before something is put
 * in. Of a charge no more can be given back than the lowest level since: had it not been made, the bucket would have been empty by then.
 *
 * <p>Invariant: both times and levels grow from the first to the last; at most {@value #MOST} are kept, and where two are joined, the
 * lower level counts for both.
 */
final class LowWaters {

    static final int MOST = 64;

    private List<LowWater> list = new ArrayList<>();

    /** Learns how low the bucket is. */
    void learn(long now, Level level) {
        while (!this.list.isEmpty() && last().level.compareTo(level) >= 0) {
            this.list.remove(this.list.size() - 1);
        }
        // what is higher at the same moment adds nothing
        if (this.list.isEmpty() || last().at < now) {
            this.list.add(new LowWater(now, level));
        }
        if (this.list.size() == MOST) {
            joinPairs();
        }
    }

    /** Returns the lowest level since a moment, if it is below another. */
    Level lowestSince(long moment, Level other) {
        return this.list.stream()
                .filter((low) -> low.at > moment)
                .findFirst()
                .map((low) -> low.level.atMost(other))
                .orElse(other);
    }

    /** Learns that the levels since a moment should have been lower. */
    void lower(long moment, Level by, Pace pace) {
        List<LowWater> lowered = new ArrayList<>();
        for (LowWater low : this.list) {
            LowWater next = (low.at > moment) ? new LowWater(low.at, pace.difference(low.level, by)) : low;
            while (!lowered.isEmpty() && lowered.get(lowered.size() - 1).level.compareTo(next.level) >= 0) {
                lowered.remove(lowered.size() - 1);
            }
            lowered.add(next);
        }
        this.list = lowered;
    }

    private LowWater last() {
        return this.list.get(this.list.size() - 1);
    }

    private void joinPairs() {
        List<LowWater> joined = new ArrayList<>();
        for (int i = 0; i + 1 < this.list.size(); i += 2) {
            joined.add(new LowWater(this.list.get(i + 1).at, this.list.get(i).level));
        }
        this.list = joined;
    }

    private record LowWater(long at, Level level) {}
}
