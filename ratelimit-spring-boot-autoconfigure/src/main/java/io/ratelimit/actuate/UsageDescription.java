package io.ratelimit.actuate;

import io.ratelimit.LimitStatus;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.RateLimit;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How the limits of one share stand.
 *
 * @param limits its limits
 * @param holderCount how many permits hold slots
 * @param holders those permits, longest held first, at most the first 100; only for a single resource
 * @param queueSize how many calls wait
 * @param queue those calls in the order of their turn, at most the first 100; only for a single resource
 * @since 0.1.0
 */
public record UsageDescription(
        List<LimitUsage> limits,
        long holderCount,
        @Nullable List<HolderDescription> holders,
        long queueSize,
        @Nullable List<WaiterDescription> queue) {

    static UsageDescription of(PartitionSnapshot snapshot) {
        return new UsageDescription(
                snapshot.limits().stream().map(LimitUsage::of).toList(),
                snapshot.holderCount(),
                snapshot.holders().stream().map(HolderDescription::of).toList(),
                snapshot.queued(),
                WaiterDescription.of(snapshot.queue()));
    }

    UsageDescription withoutCalls() {
        return new UsageDescription(this.limits, this.holderCount, null, this.queueSize, null);
    }

    /**
     * How one limit stands.
     *
     * @param name its name
     * @param kind {@code rate} or {@code concurrency}
     * @param limit the limit, or the burst of a bucket, that the backend goes by, which is another than the definition's while
     *     instances with different configurations run
     * @param used how much is taken: in the window, or held now
     * @param remaining how much is left
     * @param reset when something of a rate limit comes back, from now, such as {@code PT17S}
     */
    public record LimitUsage(
            String name,
            String kind,
            long limit,
            long used,
            long remaining,
            @Nullable String reset) {

        static LimitUsage of(LimitStatus status) {
            return new LimitUsage(
                    status.limit().name(),
                    LimitsDescription.constant(status.limit().kind()),
                    status.limit().capacity(),
                    status.used(),
                    status.remaining(),
                    status.limit() instanceof RateLimit ? LimitsDescription.text(status.reset()) : null);
        }
    }

    /**
     * A permit that holds slots.
     *
     * @param permit its id
     * @param instance the name of the instance that holds it
     * @param slots how many slots of which limit it holds
     * @param age how long it has held them
     * @param leaseLeft how long they are kept without a sign of life
     */
    public record HolderDescription(
            String permit, String instance, Map<String, Long> slots, String age, String leaseLeft) {

        static HolderDescription of(PartitionSnapshot.Holder holder) {
            return new HolderDescription(
                    holder.permit(),
                    holder.instance(),
                    holder.slots(),
                    holder.age().toString(),
                    holder.leaseLeft().toString());
        }
    }

    /**
     * A call that waits.
     *
     * @param position its place in the queue; 1 is next
     * @param ticket its id, which becomes that of its permit
     * @param instance the name of the instance that waits
     * @param priority its priority, higher first
     * @param amounts how much of which limit it waits for; where a rate and a concurrency limit have the same name, each behind its kind, such as
     *     {@code rate default}
     * @param waited for how long
     */
    public record WaiterDescription(
            int position, String ticket, String instance, int priority, Map<String, Long> amounts, String waited) {

        static List<WaiterDescription> of(List<PartitionSnapshot.Waiter> queue) {
            return IntStream.range(0, queue.size())
                    .mapToObj((index) -> of(index + 1, queue.get(index)))
                    .toList();
        }

        private static WaiterDescription of(int position, PartitionSnapshot.Waiter waiter) {
            return new WaiterDescription(
                    position,
                    waiter.ticket(),
                    waiter.instance(),
                    waiter.priority(),
                    waiter.amounts(),
                    waiter.waited().toString());
        }
    }
}
