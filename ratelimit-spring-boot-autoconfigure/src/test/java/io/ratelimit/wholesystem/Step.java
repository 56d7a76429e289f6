package io.ratelimit.wholesystem;

import java.util.List;
import java.util.Map;

/**
 * A change of the partition that Redis made, as a witness saw it. Times are by Redis' clock, in microseconds.
 */
sealed interface Step {

    String ticket();

    /**
     * A ticket has queued.
     *
     * @param ticket the ticket
     * @param sequence its number
     * @param score its place: the lowest is the head, of equal ones the ticket that comes first as a text
     */
    record Queued(String ticket, long sequence, double score) implements Step {}

    /**
     * A ticket has left the queue without a grant.
     */
    record Dropped(String ticket) implements Step {}

    /**
     * A ticket was granted slots, or rates from the queue.
     *
     * @param ticket the ticket, which is the id of the permit
     * @param fence the fencing token
     * @param atMicros when
     * @param leaseEndMicros until when its slots are kept
     * @param slots how many slots it holds
     * @param fromQueue whether it had queued
     */
    record Granted(String ticket, long fence, long atMicros, long leaseEndMicros, long slots, boolean fromQueue)
            implements Step {}

    /**
     * A permit that Redis did not know (any more) was put back on its owner's word. That is no grant: its fence is as old as it is.
     */
    record PutBack(String ticket, long fence, long leaseEndMicros, long slots) implements Step {}

    /**
     * The lease of a permit was renewed.
     */
    record Renewed(String ticket, long leaseEndMicros) implements Step {}

    /**
     * The slots of a permit are free.
     *
     * @param ticket the ticket
     * @param byOwner whether its owner gave them back; else they were taken back
     */
    record Freed(String ticket, boolean byOwner) implements Step {}

    /**
     * A call has given numbers: the fences of what it has granted, and the sequences of what it has queued. It tells which server has granted
     * rates alone, of which nothing else is to be seen.
     *
     * @param fromMicros when it was, which is the least of the numbers
     * @param toNumber the greatest of them
     */
    record Numbered(long fromMicros, long toNumber) implements Step {

        /** It is about none. */
        @Override
        public String ticket() {
            return "";
        }
    }

    /**
     * Redis has begun anew: after its end, after all of its keys were deleted, or after those of the partition were over.
     *
     * @param blindFromMicros from when on nobody saw what it did
     * @param atMicros when it began
     * @param lost whether the state was lost, or some of it
     * @param held what it says that is held: the ends of the leases, by permit
     * @param queue what it says that waits
     */
    record Restarted(long blindFromMicros, long atMicros, boolean lost, Map<String, Lease> held, List<Queued> queue)
            implements Step {

        static Restarted empty(long blindFromMicros, long atMicros) {
            return new Restarted(blindFromMicros, atMicros, true, Map.of(), List.of());
        }

        /** It is about none. */
        @Override
        public String ticket() {
            return "";
        }

        /** Returns whether it may have granted something with this fence that nobody saw. */
        boolean isBlindAt(long fence) {
            return fence >= this.blindFromMicros && fence <= this.atMicros;
        }
    }

    /**
     * Slots that are kept.
     *
     * @param fence the fencing token of the permit
     * @param endMicros until when
     * @param slots how many
     */
    record Lease(long fence, long endMicros, long slots) {}
}
