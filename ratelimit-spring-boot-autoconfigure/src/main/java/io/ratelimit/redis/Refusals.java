package io.ratelimit.redis;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.backend.Reply.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Remembers for a moment what a rate limit has refused, so that a flood of refused calls costs Redis ten calls a second: what a limit has
 * no room for until some time, it has no room for before, nor for more. After 100 ms one caller asks anew, and where that is granted nothing is
 * remembered any more, so refunds and changes made elsewhere are seen. Thread-safe.
 */
final class Refusals {

    static final Duration LONGEST_MEMORY = Duration.ofMillis(100);

    private static final int MOST = 10_000;

    private final Map<Place, Refusal> byPlace = new ConcurrentHashMap<>();

    private final long memoryNanos;

    Refusals(Duration memory) {
        this.memoryNanos = memory.toNanos();
    }

    /** Remembers an answer, if a rate limit gave it. */
    void remember(Partition partition, Acquire acquire, Refused refused) {
        Limit limit = refused.violated().isEmpty() ? null : refused.violated().get(0);
        int index = (limit instanceof RateLimit) ? partition.limits().indexOf(limit) : -1;
        // behind a queue the limit that refused may be one that the head asks for and this acquisition does not
        if (index < 0
                || this.memoryNanos == 0
                || acquire.amounts().get(index) == 0
                || refused.status().queued() > 0) {
            return;
        }
        long nowNanos = System.nanoTime();
        if (this.byPlace.size() >= MOST) {
            this.byPlace.values().removeIf((refusal) -> refusal.isOver(nowNanos));
        }
        if (this.byPlace.size() < MOST) {
            long untilNanos =
                    nowNanos + Math.min(this.memoryNanos, refused.retryAfter().toNanos());
            this.byPlace.put(
                    new Place(partition.id(), index),
                    new Refusal(
                            partition.limits(), index, acquire.amounts().get(index), refused, nowNanos, untilNanos));
        }
    }

    /** Forgets what was refused of a partition, because something is given back. */
    void forget(Partition partition) {
        for (int i = 0; i < partition.limits().size() && !this.byPlace.isEmpty(); i++) {
            this.byPlace.remove(new Place(partition.id(), i));
        }
    }

    /** Forgets what was refused of a partition and would have covered what has been granted: something was given back elsewhere. */
    void forgetCovering(Partition partition, Acquire granted) {
        for (int i = 0; i < partition.limits().size() && !this.byPlace.isEmpty(); i++) {
            Place place = new Place(partition.id(), i);
            Refusal refusal = this.byPlace.get(place);
            if (refusal != null && refusal.covers(partition, granted.amounts())) {
                this.byPlace.remove(place, refusal);
            }
        }
    }

    /** Returns the answer to an acquisition that is refused for sure. */
    @Nullable
    Refused find(Partition partition, List<Long> amounts) {
        if (this.byPlace.isEmpty()) {
            return null;
        }
        long nowNanos = System.nanoTime();
        for (int i = 0; i < amounts.size(); i++) {
            if (amounts.get(i) > 0) {
                Place place = new Place(partition.id(), i);
                Refusal refusal = this.byPlace.get(place);
                if (refusal != null && refusal.covers(partition, amounts) && holds(place, refusal, nowNanos)) {
                    return refusal.answer(nowNanos);
                }
            }
        }
        return null;
    }

    /** Returns whether it is still to be answered with, as it is to all but the one who is to ask anew as long as the limit is not open. */
    private boolean holds(Place place, Refusal refusal, long nowNanos) {
        if (!refusal.isOver(nowNanos)) {
            return true;
        }
        Refusal prolonged = refusal.prolonged(nowNanos, this.memoryNanos);
        if (prolonged.isOver(nowNanos)) {
            this.byPlace.remove(place, refusal);
            return false;
        }
        return !this.byPlace.replace(place, refusal, prolonged);
    }

    /**
     * A limit of a partition.
     *
     * @param partition the partition
     * @param index the place of the limit among its limits
     */
    private record Place(Partition.Id partition, int index) {}

    private record Refusal(
            List<Limit> limits, int index, long amount, Refused refused, long fromNanos, long untilNanos) {

        boolean isOver(long nowNanos) {
            return nowNanos - this.untilNanos >= 0;
        }

        /** Returns the same for once more as long, or until the limit opens. */
        Refusal prolonged(long nowNanos, long memoryNanos) {
            long opensNanos = this.fromNanos + this.refused.retryAfter().toNanos();
            return new Refusal(
                    this.limits,
                    this.index,
                    this.amount,
                    this.refused,
                    this.fromNanos,
                    nowNanos + Math.min(opensNanos - nowNanos, memoryNanos));
        }

        /** The limits of one definition are one object. */
        @SuppressWarnings("ReferenceEquality")
        boolean covers(Partition partition, List<Long> amounts) {
            return partition.limits() == this.limits && amounts.get(this.index) >= this.amount;
        }

        Refused answer(long nowNanos) {
            long passedNanos = nowNanos - this.fromNanos;
            Status status = this.refused.status();
            LimitStatus[] limits = new LimitStatus[status.limits().size()];
            for (int i = 0; i < limits.length; i++) {
                LimitStatus limit = status.limits().get(i);
                limits[i] = new LimitStatus(limit.limit(), limit.used(), less(limit.reset(), passedNanos));
            }
            return new Refused(
                    this.refused.violated(),
                    less(this.refused.retryAfter(), passedNanos),
                    new Status(List.of(limits), status.queued(), status.wakeMicros(), 0));
        }

        private static Duration less(Duration duration, long passedNanos) {
            return Duration.ofNanos(Math.max(0, duration.toNanos() - passedNanos));
        }
    }
}
