package io.ratelimit.redis;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.backend.Partition;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The mailboxes of the partitions in use, and the deadlines of what is in them. An operation's deadline runs from its submission. One
 * timer watches them all: it is armed for the earliest deadline, which later operations, having later ones, cannot undercut.
 * Thread-safe.
 */
final class Mailboxes {

    /** From so many mailboxes on, those that are idle make room. */
    private static final int MOST_IDLE = 10_000;

    private final Map<Partition.Id, Mailbox> byPartition = new ConcurrentHashMap<>();

    private final RedisKeys keys;

    private final Consumer<Mailbox.Batch> sender;

    private final Predicate<Submission<?>> shareable;

    private final Supplier<BackendUnavailableException> overdue;

    private final AtomicBoolean watching = new AtomicBoolean();

    private final Deadlines deadlines;

    /**
     * Makes them.
     *
     * @param keys names the keys of a partition
     * @param sender takes batches in the order of their partition
     * @param shareable tells which operations may share a call with those of other partitions
     * @param overdue what fails an operation whose deadline has passed
     * @param deadlines judges at deadlines
     */
    Mailboxes(
            RedisKeys keys,
            Consumer<Mailbox.Batch> sender,
            Predicate<Submission<?>> shareable,
            Supplier<BackendUnavailableException> overdue,
            Deadlines deadlines) {
        this.keys = keys;
        this.sender = sender;
        this.shareable = shareable;
        this.overdue = overdue;
        this.deadlines = deadlines;
    }

    void submit(Submission<?> submission) {
        Partition.Id id = submission.partition().id();
        for (Mailbox mailbox = mailbox(id); !mailbox.submit(submission); mailbox = mailbox(id)) {
            this.byPartition.remove(id, mailbox);
        }
        if (!this.watching.get() && this.watching.compareAndSet(false, true)) {
            watch(submission.deadlineNanos());
        }
    }

    private Mailbox mailbox(Partition.Id id) {
        Mailbox known = this.byPartition.get(id);
        if (known != null) {
            return known;
        }
        if (this.byPartition.size() >= MOST_IDLE) {
            this.byPartition.values().removeIf(Mailbox::retire);
        }
        return this.byPartition.computeIfAbsent(
                id, (absent) -> new Mailbox(this.keys.of(absent), this.sender, this.shareable));
    }

    private void watch(long deadlineNanos) {
        this.deadlines.at(deadlineNanos, this::judge);
    }

    private void judge(long nowNanos) {
        expire(nowNanos);
        Long next = earliestDeadlineNanos();
        if (next == null) {
            this.watching.set(false);
            next = earliestDeadlineNanos(); // whoever came before that was set relied on this timer
            if (next == null || !this.watching.compareAndSet(false, true)) {
                return;
            }
        }
        watch(next);
    }

    private void expire(long nowNanos) {
        for (Mailbox mailbox : this.byPartition.values()) {
            mailbox.overdue(nowNanos).forEach((reply) -> reply.completeExceptionally(this.overdue.get()));
        }
    }

    private @Nullable Long earliestDeadlineNanos() {
        Long earliest = null;
        for (Mailbox mailbox : this.byPartition.values()) {
            Long own = mailbox.earliestDeadlineNanos();
            if (own != null && (earliest == null || own - earliest < 0)) {
                earliest = own;
            }
        }
        return earliest;
    }
}
