package io.ratelimit.backend;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import java.time.Duration;
import java.util.List;

/**
 * The answer to an {@link Operation}.
 */
public sealed interface Reply {

    /**
     * Returns how the limits of the partition stand after the operation.
     *
     * @return the limits that the partition goes by
     */
    List<LimitStatus> limits();

    /**
     * Returns how many permits lost their slots to the end of their lease since the last call, of whichever instance.
     *
     * @return the number taken back by the very call that this answers
     */
    long reclaimed();

    /**
     * The answer to an {@link Operation.Acquire}.
     */
    sealed interface Decision extends Reply {}

    /**
     * All amounts were taken.
     *
     * @param fence the fencing token: greater than that of any grant of the partition before
     * @param grantedAtMicros the time of the grant, by the backend's clock
     * @param leaseMicros how long the slots are kept without a sign of life; 0 if none are held
     * @param holdMicros after which time they are taken back all the same; 0: never
     * @param limits how the limits stand
     * @param reclaimed how many permits were taken back
     */
    record Granted(
            long fence,
            long grantedAtMicros,
            long leaseMicros,
            long holdMicros,
            List<LimitStatus> limits,
            long reclaimed)
            implements Decision {}

    /**
     * Nothing was taken.
     *
     * @param violated the limits that refused, the one with the longest wait first; empty for a ticket that was cancelled
     * @param retryAfter when to come again
     * @param limits how the limits stand
     * @param reclaimed how many permits were taken back
     */
    record Refused(List<Limit> violated, Duration retryAfter, List<LimitStatus> limits, long reclaimed)
            implements Decision {}

    /**
     * Done.
     *
     * @param limits how the limits stand
     * @param reclaimed how many permits were taken back
     */
    record Done(List<LimitStatus> limits, long reclaimed) implements Reply {}

    /**
     * The answer to an {@link Operation.Renew}.
     *
     * @param leaseMicros how long each permit's slots are kept from now, in the order of the operation; 0: they are lost
     * @param limits how the limits stand
     * @param reclaimed how many permits were taken back
     */
    record Renewed(List<Long> leaseMicros, List<LimitStatus> limits, long reclaimed) implements Reply {}

    /**
     * The answer to an {@link Operation.Inspect}.
     *
     * @param holderCount how many permits hold slots
     * @param holders the longest held ones
     * @param limits how the limits stand
     * @param reclaimed how many permits were taken back
     */
    record Inspected(long holderCount, List<Holder> holders, List<LimitStatus> limits, long reclaimed)
            implements Reply {}

    /**
     * A permit that holds slots.
     *
     * @param permit its id
     * @param amounts how much it holds of each concurrency limit, in the order of {@link Reply#limits()}; 0 for rate limits
     * @param ageMicros how long it has held them
     * @param leaseLeftMicros how long they are kept without a sign of life
     */
    record Holder(String permit, List<Long> amounts, long ageMicros, long leaseLeftMicros) {}
}
