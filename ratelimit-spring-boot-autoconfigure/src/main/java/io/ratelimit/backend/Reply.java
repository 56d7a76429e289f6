package io.ratelimit.backend;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import java.time.Duration;
import java.util.List;

/**
 * The answer to an {@link Operation}.
 *
 * @since 0.1.0
 */
public sealed interface Reply {

    /**
     * Returns how the partition stands after the call that carried the operation.
     *
     * @return the status
     */
    Status status();

    /**
     * How a partition stands.
     *
     * @param limits the limits that the partition goes by
     * @param queued how many wait
     * @param wakeMicros in how much time the queue may go on by the end of a lease or of an instance's sign of life, if nothing else
     *     happens; 0: nobody waits
     * @param reclaimed how many permits, of whichever instance, the call took slots back from because their lease was over; told once
     */
    record Status(List<LimitStatus> limits, long queued, long wakeMicros, long reclaimed) {}

    /**
     * The answer to an {@link Operation.Acquire} or {@link Operation.Withdraw}.
     */
    sealed interface Decision extends Reply {}

    /**
     * All amounts were taken.
     *
     * @param fence the fencing token: greater than that of any grant of the partition before
     * @param grantedAtMicros the time of the grant, by the backend's clock
     * @param leaseMicros how long the slots are kept without a sign of life; 0 if none are held
     * @param holdMicros after which time they are taken back all the same; 0: never
     * @param status how the partition stands
     */
    record Granted(long fence, long grantedAtMicros, long leaseMicros, long holdMicros, Status status)
            implements Decision {}

    /**
     * Nothing was taken.
     *
     * @param violated the limits that refused, the one with the longest wait first; empty for a ticket that was cancelled, or has nothing
     *     in its way any more
     * @param retryAfter when to come again
     * @param status how the partition stands
     */
    record Refused(List<Limit> violated, Duration retryAfter, Status status) implements Decision {}

    /**
     * The ticket waits; its grant is told to the {@link GrantListener} of its instance.
     *
     * @param sequence its number in the queue
     * @param atMicros when this was so, by the backend's clock; a grant from before is void
     * @param violated the limits that are in the way, of the ticket or else of the head of the queue; empty in the answer to a
     *     {@link Operation.Renew}
     * @param status how the partition stands
     */
    record Queued(long sequence, long atMicros, List<Limit> violated, Status status) implements Decision {}

    /**
     * Done.
     *
     * @param status how the partition stands
     */
    record Done(Status status) implements Reply {}

    /**
     * The answer to an {@link Operation.Update}.
     *
     * @param atMicros the time of what it charged, by the backend's clock
     * @param status how the partition stands
     */
    record Updated(long atMicros, Status status) implements Reply {}

    /**
     * The answer to an {@link Operation.Renew}.
     *
     * @param leaseMicros how long each permit's slots are kept from now, in the order of the operation; 0: they are lost
     * @param tickets of each ticket, in the order of the operation: granted, its lease renewed; waiting, at its old place again if
     *     need be; or refused for good
     * @param status how the partition stands
     */
    record Renewed(List<Long> leaseMicros, List<Decision> tickets, Status status) implements Reply {}

    /**
     * The answer to an {@link Operation.Inspect}.
     *
     * @param holderCount how many permits hold slots
     * @param holders the longest held ones
     * @param waiters the first in the queue
     * @param status how the partition stands
     */
    record Inspected(long holderCount, List<Holder> holders, List<Waiter> waiters, Status status) implements Reply {}

    /**
     * A permit that holds slots.
     *
     * @param permit its id
     * @param amounts how much it holds of each concurrency limit, in the order of the limits of the status; 0 for rate limits
     * @param ageMicros how long it has held them
     * @param leaseLeftMicros how long they are kept without a sign of life
     */
    record Holder(String permit, List<Long> amounts, long ageMicros, long leaseLeftMicros) {}

    /**
     * A ticket in the queue.
     *
     * @param ticket the ticket
     * @param amounts what it asks for, in the order of the limits of the status
     * @param priority its priority
     * @param waitedMicros how long it has waited
     */
    record Waiter(String ticket, List<Long> amounts, int priority, long waitedMicros) {}
}
