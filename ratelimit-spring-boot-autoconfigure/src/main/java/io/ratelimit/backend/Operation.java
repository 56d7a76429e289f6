package io.ratelimit.backend;

import java.util.List;

/**
 * What can be done with a partition. Amounts are in the order of the {@linkplain Partition#limits() partition's limits}; 0
 * means that the limit is not asked.
 *
 * @param <R> the type of the reply
 */
public sealed interface Operation<R extends Reply> {

    /**
     * Takes all amounts at once, or nothing. Asked again with a ticket that holds slots already, the answer is the same as
     * before.
     *
     * @param ticket identifies the acquisition, across retries; the id of the permit if it is granted
     * @param amounts how much of each limit; at least one above 0
     */
    record Acquire(String ticket, List<Long> amounts) implements Operation<Reply.Decision> {

        /**
         * Copies the list.
         *
         * @param ticket identifies the acquisition
         * @param amounts how much of each limit
         */
        public Acquire {
            amounts = List.copyOf(amounts);
        }
    }

    /**
     * Undoes an acquisition as if it had never been: slots are freed and rates refunded. A grant of rates alone leaves no record, so
     * it is refunded only if the time of its grant is given. An acquisition with the same ticket that arrives within the next
     * lease is refused.
     *
     * @param ticket the ticket
     * @param amounts what was asked for
     * @param grantedAtMicros the time of the grant; 0: unknown
     */
    record Cancel(String ticket, List<Long> amounts, long grantedAtMicros) implements Operation<Reply.Done> {

        /**
         * Copies the list.
         *
         * @param ticket the ticket
         * @param amounts what was asked for
         * @param grantedAtMicros the time of the grant
         */
        public Cancel {
            amounts = List.copyOf(amounts);
        }
    }

    /**
     * Frees the slots of a permit. Does nothing for one that is not known.
     *
     * @param permit the id of the permit
     */
    record Release(String permit) implements Operation<Reply.Done> {}

    /**
     * Gives a sign of life for permits.
     *
     * @param permits the permits
     */
    record Renew(List<HeldPermit> permits) implements Operation<Reply.Renewed> {

        /**
         * Copies the list.
         *
         * @param permits the permits
         */
        public Renew {
            permits = List.copyOf(permits);
        }
    }

    /**
     * Looks without changing anything.
     *
     * @param maxHolders how many holders to tell of at most
     */
    record Inspect(int maxHolders) implements Operation<Reply.Inspected> {}

    /**
     * A permit as its holder knows it, complete enough to put it back where the backend has lost it.
     *
     * @param permit its id
     * @param fence its fencing token
     * @param grantedAtMicros when it was granted, by the backend's clock
     * @param amounts how much of each limit it took
     * @param leaseLeftMicros the lease it has left by the holder's monotonic clock; 0: none
     * @param holdLeftMicros what it has left of its maximum hold; 0: it has no maximum
     */
    record HeldPermit(
            String permit,
            long fence,
            long grantedAtMicros,
            List<Long> amounts,
            long leaseLeftMicros,
            long holdLeftMicros) {

        /**
         * Copies the list.
         *
         * @param permit its id
         * @param fence its fencing token
         * @param grantedAtMicros when it was granted
         * @param amounts how much of each limit it took
         * @param leaseLeftMicros the lease it has left by the holder's monotonic clock
         * @param holdLeftMicros what it has left of its maximum hold
         */
        public HeldPermit {
            amounts = List.copyOf(amounts);
        }
    }
}
