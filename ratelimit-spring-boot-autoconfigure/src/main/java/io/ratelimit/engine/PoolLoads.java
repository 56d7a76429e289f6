package io.ratelimit.engine;

import io.ratelimit.LimitListener;
import io.ratelimit.LimitStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * How loaded the members of pools are, as far as this instance knows: it asks nobody. Bounded by the number of members. Thread-safe.
 */
final class PoolLoads implements LimitListener {

    private final Map<String, Double> sampled = new ConcurrentHashMap<>();

    private final Map<String, LongAdder> open;

    PoolLoads(Set<String> members) {
        this.open = new ConcurrentHashMap<>();
        members.forEach((member) -> this.open.put(member, new LongAdder()));
    }

    @Override
    public void onSampled(String resource, List<LimitStatus> limits, long queued) {
        if (this.open.containsKey(resource)) {
            double fullest = 0;
            for (LimitStatus status : limits) {
                fullest = Math.max(
                        fullest, (double) status.used() / status.limit().limit());
            }
            this.sampled.put(resource, fullest + queued);
        }
    }

    @Override
    public void onGranted(String resource, long slots) {
        add(resource, 1);
    }

    @Override
    public void onEnded(String resource, long slots, Duration held) {
        add(resource, -1);
    }

    private void add(String resource, long permits) {
        LongAdder count = this.open.get(resource);
        if (count != null) {
            count.add(permits);
        }
    }

    /** Returns the largest part that is taken of any of its limits, plus how many wait: 0.5 where 5 of 10 slots are held. */
    double share(String member) {
        return this.sampled.getOrDefault(member, 0.0);
    }

    /** Returns how many permits of it this instance holds, over all keys. */
    double openPermits(String member) {
        LongAdder count = this.open.get(member);
        return (count != null) ? count.sum() : 0;
    }
}
