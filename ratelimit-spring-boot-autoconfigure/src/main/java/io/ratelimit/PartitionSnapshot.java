package io.ratelimit;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The live, cluster-wide state of one partition.
 *
 * @param resource the name of the resource
 * @param limits how its limits stand
 * @param holderCount how many permits hold slots
 * @param holders those permits, longest held first, at most the first 100
 * @param queued how many calls wait
 * @param queue those calls in the order of their turn, at most the first 100
 * @since 0.1.0
 */
public record PartitionSnapshot(
        String resource,
        List<LimitStatus> limits,
        long holderCount,
        List<Holder> holders,
        long queued,
        List<Waiter> queue) {

    /**
     * A permit that holds slots.
     *
     * @param permit the permit's id
     * @param instance the name of the instance that holds it
     * @param slots how many slots of which limit it holds
     * @param age how long it has held them
     * @param leaseLeft how long they are kept without a sign of life
     */
    public record Holder(String permit, String instance, Map<String, Long> slots, Duration age, Duration leaseLeft) {}

    /**
     * A call that waits.
     *
     * @param ticket the ticket's id
     * @param instance the name of the instance that waits
     * @param priority its priority, higher first
     * @param amounts how much of which limit it waits for; where a rate and a concurrency limit have the same name, each behind its kind, such as
     *     {@code rate default}
     * @param waited for how long
     */
    public record Waiter(String ticket, String instance, int priority, Map<String, Long> amounts, Duration waited) {}
}
