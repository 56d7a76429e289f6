package io.ratelimit.engine;

import io.ratelimit.HotKey;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Which keys of a resource are refused, and wait, most. Bounded whatever keys come: 128 counters for each resource, by the Space-Saving
 * algorithm (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams, 2005), so a key that
 * makes up more than 1/128 of what is counted is among them, and its count is at most that much too high. Counts are halved every
 * minute, so that yesterday's are forgotten. Thread-safe.
 */
final class HotKeys {

    private static final int COUNTERS = 128;

    private static final long HALF_LIFE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final LongSupplier nanoClock;

    private final Map<String, Counters> byResource = new ConcurrentHashMap<>();

    HotKeys(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    void refused(String resource, String key) {
        counters(resource).count(key, this.nanoClock.getAsLong(), 1, 0);
    }

    void waited(String resource, String key) {
        counters(resource).count(key, this.nanoClock.getAsLong(), 0, 1);
    }

    private Counters counters(String resource) {
        return this.byResource.computeIfAbsent(resource, (name) -> new Counters(this.nanoClock.getAsLong()));
    }

    /** Returns the keys that are counted most, the most first. */
    List<HotKey> top(String resource, int most) {
        Counters counters = this.byResource.get(resource);
        return (counters != null) ? counters.top(this.nanoClock.getAsLong(), most) : List.of();
    }

    private static final class Counters {

        private final Map<String, Counter> byKey = new HashMap<>();

        private long halvedNanos;

        Counters(long nowNanos) {
            this.halvedNanos = nowNanos;
        }

        synchronized void count(String key, long nowNanos, long refused, long waited) {
            halve(nowNanos);
            Counter counter = this.byKey.get(key);
            if (counter == null) {
                counter = (this.byKey.size() < COUNTERS) ? new Counter() : replaceSmallest();
                this.byKey.put(key, counter);
            }
            counter.refused += refused;
            counter.waited += waited;
        }

        /** A new key takes over the smallest counter with its counts: it may have come that often while it was not counted. */
        private Counter replaceSmallest() {
            Map.Entry<String, Counter> smallest = this.byKey.entrySet().stream()
                    .min(Map.Entry.comparingByValue(Comparator.comparingLong(Counter::sum)))
                    .orElseThrow();
            this.byKey.remove(smallest.getKey());
            return smallest.getValue();
        }

        synchronized List<HotKey> top(long nowNanos, int most) {
            halve(nowNanos);
            return this.byKey.entrySet().stream()
                    .sorted(Map.Entry.<String, Counter>comparingByValue(Comparator.comparingLong(Counter::sum))
                            .reversed()
                            .thenComparing(Map.Entry.comparingByKey()))
                    .limit(most)
                    .map((entry) -> new HotKey(entry.getKey(), entry.getValue().refused, entry.getValue().waited))
                    .toList();
        }

        private void halve(long nowNanos) {
            long times = (nowNanos - this.halvedNanos) / HALF_LIFE_NANOS;
            if (times <= 0) {
                return;
            }
            this.halvedNanos += times * HALF_LIFE_NANOS;
            int shift = (int) Math.min(times, Long.SIZE - 1);
            this.byKey.values().removeIf((counter) -> counter.shift(shift) == 0);
        }
    }

    private static final class Counter {

        private long refused;

        private long waited;

        long sum() {
            return this.refused + this.waited;
        }

        long shift(int bits) {
            this.refused >>= bits;
            this.waited >>= bits;
            return sum();
        }
    }
}
