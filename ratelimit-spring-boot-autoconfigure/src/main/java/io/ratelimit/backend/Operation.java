package io.ratelimit.backend;

import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import java.util.List;

/**
 * What can be done with a partition. Amounts are in the order of the {@linkplain Partition#limits() partition's limits}; 0
 * means that the limit is not asked. A ticket is the name of the instance, a colon, and what tells its tickets apart.
 *
 * <p>Whatever gives something back (all but {@link Acquire} and {@link Inspect}) is followed by a drain: the queue's head is granted
 * while its amounts are there, and its instance is told through its {@link GrantListener}.
 *
 * @param <R> the type of the reply
 * @since 0.1.0
 */
public sealed interface Operation<R extends Reply> {

    /** By how many microseconds of waiting one level of priority is ahead of the next: 1 second. */
    long MICROS_PER_PRIORITY = 1_000_000;

    /**
     * Takes all amounts at once, if nobody is ahead in the queue; else waits in the queue, or takes nothing. Asked again with a ticket
     * that holds slots or waits already, the answer is the same as before. One that asks for rates alone and does not wait leaves
     * nothing that its ticket would name: asked again, it takes again.
     *
     * <p>It is refused at once if it must not wait, if the queue is full, and if nobody waits and a rate limit opens later than it would wait.
     *
     * @param ticket identifies the acquisition, across retries; the id of the permit if it is granted
     * @param amounts how much of each limit; at least one above 0
     * @param maxWaitMicros how long it waits at most; 0: it does not
     * @param priority its place in the queue: a level is worth {@link #MICROS_PER_PRIORITY} of waiting
     * @param maxQueue how many may wait
     */
    record Acquire(String ticket, List<Long> amounts, long maxWaitMicros, int priority, int maxQueue)
            implements Operation<Reply.Decision> {

        /**
         * Copies the list.
         *
         * @param ticket identifies the acquisition
         * @param amounts how much of each limit
         * @param maxWaitMicros how long it waits at most
         * @param priority its place in the queue
         * @param maxQueue how many may wait
         */
        public Acquire {
            amounts = List.copyOf(amounts);
        }

        /**
         * Makes an acquisition that does not wait.
         *
         * @param ticket identifies the acquisition
         * @param amounts how much of each limit
         */
        public Acquire(String ticket, List<Long> amounts) {
            this(ticket, amounts, 0, 0, 0);
        }

        /**
         * Returns whether this leaves something behind that its ticket names: a place in the queue, or slots.
         *
         * @param limits the limits that the amounts are of
         * @return whether it may wait, or asks for slots
         */
        public boolean isNamed(List<Limit> limits) {
            if (this.maxWaitMicros > 0) {
                return true;
            }
            for (int i = 0; i < limits.size(); i++) {
                if (this.amounts.get(i) > 0 && limits.get(i).kind() == LimitKind.CONCURRENCY) {
                    return true;
                }
            }
            return false;
        }
    }

    /**
     * Leaves the queue because the time is up. Whoever has been granted meanwhile takes the grant; else it is refused, with what is in the
     * way of its amounts now, which may be nothing.
     *
     * @param ticket the ticket
     * @param amounts what was asked for
     */
    record Withdraw(String ticket, List<Long> amounts) implements Operation<Reply.Decision> {

        /**
         * Copies the list.
         *
         * @param ticket the ticket
         * @param amounts what was asked for
         */
        public Withdraw {
            amounts = List.copyOf(amounts);
        }
    }

    /**
     * Undoes an acquisition as if it had never been: its place in the queue is given up, slots are freed and rates refunded. A grant of
     * rates alone leaves no record once its caller has it, so it is refunded only if the time of its grant is given. An acquisition
     * with the same ticket that arrives within the next lease is refused.
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
     * Takes the slots of a permit away, whoever holds it; what it took of rates stays charged. Its holder learns of the loss with its next
     * renewal, and cannot put them back for one lease.
     *
     * @param permit the id of the permit
     */
    record Evict(String permit) implements Operation<Reply.Done> {}

    /**
     * Forgives what is used of all rate limits, debts included.
     */
    record Forgive() implements Operation<Reply.Done> {}

    /**
     * Frees the slots of a permit. Does nothing for one that is not known. For a permit of rates alone that was granted from the queue it
     * says that its caller has it.
     *
     * @param permit the id of the permit
     */
    record Release(String permit) implements Operation<Reply.Done> {}

    /**
     * Gives a sign of life for permits and tickets of an instance. Without any it only lets the queue go on.
     *
     * @param permits the permits
     * @param tickets the tickets that wait
     */
    record Renew(List<HeldPermit> permits, List<WaitingTicket> tickets) implements Operation<Reply.Renewed> {

        /**
         * Copies the lists.
         *
         * @param permits the permits
         * @param tickets the tickets that wait
         */
        public Renew {
            permits = List.copyOf(permits);
            tickets = List.copyOf(tickets);
        }
    }

    /**
     * Corrects what was charged of a rate limit. Does nothing to a limit that the backend does not know any more.
     *
     * @param limit the place of the limit among the partition's limits
     * @param difference above 0: charges that much now, whether there is room or not; below 0: refunds that much of a charge
     * @param chargedAtMicros the time of the charge that is refunded, by the backend's clock: that of the grant, or of an update before
     */
    record Update(int limit, long difference, long chargedAtMicros) implements Operation<Reply.Updated> {}

    /**
     * Looks without changing anything.
     *
     * @param most how many holders, and how many of those that wait, to tell of at most
     */
    record Inspect(int most) implements Operation<Reply.Inspected> {}

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

    /**
     * A ticket as its owner knows it, complete enough to queue it again at its old place where the backend has lost it.
     *
     * @param ticket the ticket
     * @param amounts what was asked for
     * @param sequence its number in the queue, from {@link Reply.Queued}
     * @param priority the priority it was queued with
     * @param waitLeftMicros how long it still waits at most
     */
    record WaitingTicket(String ticket, List<Long> amounts, long sequence, int priority, long waitLeftMicros) {

        /**
         * Copies the list.
         *
         * @param ticket the ticket
         * @param amounts what was asked for
         * @param sequence its number in the queue
         * @param priority the priority it was queued with
         * @param waitLeftMicros how long it still waits at most
         */
        public WaitingTicket {
            amounts = List.copyOf(amounts);
        }
    }
}
