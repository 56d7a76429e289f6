package io.ratelimit.engine;

import io.ratelimit.Limit;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.backend.Reply;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What a backend tells of a partition, in the words of the API.
 */
final class Snapshots {

    private Snapshots() {}

    static PartitionSnapshot of(String resource, Reply.Inspected seen) {
        List<PartitionSnapshot.Holder> holders =
                seen.holders().stream().map((holder) -> holder(seen, holder)).toList();
        List<PartitionSnapshot.Waiter> queue =
                seen.waiters().stream().map((waiter) -> waiter(seen, waiter)).toList();
        Reply.Status status = seen.status();
        return new PartitionSnapshot(resource, status.limits(), seen.holderCount(), holders, status.queued(), queue);
    }

    private static PartitionSnapshot.Holder holder(Reply.Inspected seen, Reply.Holder holder) {
        return new PartitionSnapshot.Holder(
                holder.permit(),
                instanceOf(holder.permit()),
                byName(seen, holder.amounts()),
                Duration.of(holder.ageMicros(), ChronoUnit.MICROS),
                Duration.of(holder.leaseLeftMicros(), ChronoUnit.MICROS));
    }

    private static PartitionSnapshot.Waiter waiter(Reply.Inspected seen, Reply.Waiter waiter) {
        return new PartitionSnapshot.Waiter(
                waiter.ticket(),
                instanceOf(waiter.ticket()),
                waiter.priority(),
                byName(seen, waiter.amounts()),
                Duration.of(waiter.waitedMicros(), ChronoUnit.MICROS));
    }

    private static Map<String, Long> byName(Reply.Inspected seen, List<Long> amounts) {
        Map<Limit, Long> taken = new LinkedHashMap<>();
        for (int i = 0; i < amounts.size(); i++) {
            if (amounts.get(i) > 0) {
                taken.put(seen.status().limits().get(i).limit(), amounts.get(i));
            }
        }
        Map<String, Long> byName = new LinkedHashMap<>();
        taken.forEach((limit, amount) -> byName.put(name(limit, taken.keySet()), amount));
        return byName;
    }

    /** A rate and a concurrency limit may have the same name. */
    private static String name(Limit limit, Set<Limit> among) {
        boolean alone = among.stream()
                .allMatch((other) -> other.equals(limit) || !other.name().equals(limit.name()));
        return alone ? limit.name() : limit.kind().name().toLowerCase(Locale.ROOT) + ' ' + limit.name();
    }

    private static String instanceOf(String ticket) {
        return ticket.substring(0, Math.max(0, ticket.indexOf(':')));
    }
}
