package io.ratelimit.engine;

import io.ratelimit.LimitKind;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Partition;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How the rate limits of partitions stood across all instances when they were last heard of. It remembers those of the last 10,000 partitions at
 * least, and of the last 20,000 at most. Thread-safe.
 */
final class Sightings {

    static final int GENERATION = 10_000;

    private final LongSupplier nanoClock;

    private volatile Map<Partition.Id, Sighting> young = new ConcurrentHashMap<>();

    private volatile Map<Partition.Id, Sighting> old = new ConcurrentHashMap<>();

    Sightings(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /** Remembers how a partition stands. */
    void add(Partition partition, List<LimitStatus> limits) {
        for (LimitStatus status : limits) {
            if (status.limit().kind() == LimitKind.RATE) {
                if (this.young.size() >= GENERATION) {
                    grow();
                }
                this.young.put(partition.id(), new Sighting(limits, this.nanoClock.getAsLong()));
                return;
            }
        }
    }

    private synchronized void grow() {
        if (this.young.size() >= GENERATION) {
            this.old = this.young;
            this.young = new ConcurrentHashMap<>();
        }
    }

    /** Returns how a partition stood, as far as it is known and nobody has taken it before. */
    @Nullable
    Sighting take(Partition partition) {
        Sighting seen = this.young.remove(partition.id());
        return (seen != null) ? seen : this.old.remove(partition.id());
    }

    /**
     * How limits stood.
     *
     * @param limits the limits
     * @param atNanos when
     */
    record Sighting(List<LimitStatus> limits, long atNanos) {

        /** Returns what of a rate limit may still be used, as far as time alone tells. */
        long used(int limit, long nowNanos) {
            LimitStatus seen = this.limits.get(limit);
            if (!(seen.limit() instanceof RateLimit rate)) {
                return 0;
            }
            Duration passed = Duration.ofNanos(nowNanos - this.atNanos);
            if (rate.algorithm().isBucket()) {
                double refilled =
                        (double) rate.limit() * passed.toNanos() / rate.window().toNanos();
                return Math.max(0, seen.used() - (long) refilled);
            }
            return (passed.compareTo(rate.window()) < 0) ? seen.used() : 0;
        }
    }
}
