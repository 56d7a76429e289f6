package io.ratelimit.redis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The operations on one partition that wait for their call: group commit. Alone, an operation leaves at once, and others that come before
 * its call is written join it; while calls are under way, those that come gather and leave together in the next one. Order is kept.
 * Thread-safe; the lock is held for moments only.
 *
 * <p>Where nothing is under way, an operation may share a call with those of other partitions, see {@link Takes}; then nothing follows it
 * before that is answered.
 *
 * <p>A call of releases alone does not count as under way: nobody waits for it, so the next acquisition is sent right behind it.
 */
final class Mailbox {

    /** Two keep Redis busy while the replies of one travel and wake their callers; more make smaller batches. */
    private static final int MOST_UNDER_WAY = 2;

    /** A batch is read with {@code unpack}, which takes some thousand values, and blocks Redis while it runs. */
    private static final int MOST_IDS = 128;

    /** So that a partition that shared calls have no answer for is seldom asked twice. */
    private static final int BATCHES_TO_ITSELF = 16;

    private final ReentrantLock lock = new ReentrantLock();

    private final Deque<Submission<?>> waiting = new ArrayDeque<>();

    private final List<Batch> underWay = new ArrayList<>(MOST_UNDER_WAY);

    private final byte[][] keys;

    private final Consumer<Batch> sender;

    private final Predicate<Submission<?>> shareable;

    private int counted;

    /** How many of the next batches are to be sent in calls of their own. */
    private int toItself;

    private boolean retired;

    /**
     * Makes an empty mailbox.
     *
     * @param keys the keys of the partition
     * @param sender takes batches in their order, called with the lock held
     * @param shareable tells which operations may share a call with those of other partitions
     */
    Mailbox(byte[][] keys, Consumer<Batch> sender, Predicate<Submission<?>> shareable) {
        this.keys = keys;
        this.sender = sender;
        this.shareable = shareable;
    }

    byte[][] keys() {
        return this.keys;
    }

    /** Takes an operation, and lets go what can go. Returns false from one that has been retired. */
    boolean submit(Submission<?> submission) {
        this.lock.lock();
        try {
            if (this.retired) {
                return false;
            }
            boolean idle = this.underWay.isEmpty();
            this.waiting.add(submission);
            letGo(idle && mayShare(submission));
            return true;
        } finally {
            this.lock.unlock();
        }
    }

    /** What is asked of this partition takes more than a shared call can do: for a while it is asked alone. */
    void keepsToItself() {
        this.lock.lock();
        try {
            this.toItself = BATCHES_TO_ITSELF;
        } finally {
            this.lock.unlock();
        }
    }

    private boolean mayShare(Submission<?> submission) {
        if (!this.shareable.test(submission)) {
            return false;
        }
        if (this.toItself > 0) {
            this.toItself--;
            return false;
        }
        return true;
    }

    /** The call of a batch is over: what has gathered behind it is let go. */
    void answered(Batch batch) {
        this.lock.lock();
        try {
            if (this.underWay.remove(batch) && !batch.isReleasesOnly()) {
                this.counted--;
            }
            letGo(false);
        } finally {
            this.lock.unlock();
        }
    }

    private void letGo(boolean shared) {
        if (!this.underWay.isEmpty()) {
            fill(this.underWay.get(this.underWay.size() - 1));
        }
        while (!this.waiting.isEmpty() && this.counted < MOST_UNDER_WAY && !isSharedUnderWay()) {
            Batch batch = new Batch(this, shared);
            fill(batch);
            this.underWay.add(batch);
            this.sender.accept(batch);
        }
    }

    /** What shares a call may have to be sent again alone: nothing may overtake it. */
    private boolean isSharedUnderWay() {
        return !this.underWay.isEmpty() && this.underWay.get(0).shared;
    }

    private void fill(Batch batch) {
        for (Submission<?> next = this.waiting.peek();
                next != null && batch.hasRoomFor(next);
                next = this.waiting.peek()) {
            this.counted += (batch.isReleasesOnly() && !next.isRelease()) ? 1 : 0;
            batch.add(this.waiting.remove());
        }
    }

    /** The call of a batch is being written: it takes nothing more. */
    private void close(Batch batch) {
        this.lock.lock();
        try {
            batch.closed = true;
        } finally {
            this.lock.unlock();
        }
    }

    /** An operation that names nothing takes its time too. */
    private static int weight(Submission<?> submission) {
        return Math.max(1, Arguments.ids(submission.partition(), submission.operation()));
    }

    /** Returns the replies that are overdue: of whole calls, of operations in one, and of operations that wait, which leave. */
    List<CompletableFuture<?>> overdue(long nowNanos) {
        this.lock.lock();
        try {
            List<CompletableFuture<?>> overdue = new ArrayList<>();
            this.underWay.forEach((batch) -> batch.addOverdue(nowNanos, overdue));
            while (!this.waiting.isEmpty() && this.waiting.peek().isOverdue(nowNanos)) {
                overdue.add(this.waiting.remove().reply());
            }
            return overdue;
        } finally {
            this.lock.unlock();
        }
    }

    /** Returns the earliest deadline of what waits or is under way. */
    @Nullable
    Long earliestDeadlineNanos() {
        this.lock.lock();
        try {
            Long earliest = this.waiting.isEmpty() ? null : this.waiting.peek().deadlineNanos();
            for (Batch batch : this.underWay) {
                for (Submission<?> submission : batch.submissions()) {
                    if (!submission.reply().isDone()
                            && (earliest == null || submission.deadlineNanos() - earliest < 0)) {
                        earliest = submission.deadlineNanos();
                    }
                }
            }
            return earliest;
        } finally {
            this.lock.unlock();
        }
    }

    /** Takes no more operations from now on, if it has none; returns whether that is so. */
    boolean retire() {
        this.lock.lock();
        try {
            this.retired = this.waiting.isEmpty() && this.underWay.isEmpty();
            return this.retired;
        } finally {
            this.lock.unlock();
        }
    }

    /**
     * Operations that share a call.
     */
    static final class Batch {

        private final Mailbox mailbox;

        private final boolean shared;

        private final List<Submission<?>> submissions = new ArrayList<>();

        private int ids;

        private boolean closed;

        private boolean releasesOnly = true;

        private @Nullable ScriptCall call;

        private Batch(Mailbox mailbox, boolean shared) {
            this.mailbox = mailbox;
            this.shared = shared;
        }

        private boolean hasRoomFor(Submission<?> submission) {
            return this.submissions.isEmpty()
                    || (!this.closed
                            && this.ids + weight(submission) <= MOST_IDS
                            && submission.canShareCallWith(first())
                            && (!this.shared || Operands.isOneRun(first().operation(), submission.operation())));
        }

        private void add(Submission<?> submission) {
            this.submissions.add(submission);
            this.ids += weight(submission);
            this.releasesOnly &= submission.isRelease();
        }

        /** Takes nothing more from now on: its call is being written, or will not be. */
        void close() {
            this.mailbox.close(this);
        }

        /** Its call was made. */
        void made(ScriptCall call) {
            this.call = call;
        }

        private void addOverdue(long nowNanos, List<CompletableFuture<?>> overdue) {
            if (this.call != null
                    && this.submissions.get(this.submissions.size() - 1).isOverdue(nowNanos)) {
                overdue.add(this.call.reply());
                this.closed = true; // whoever comes now is in time
                return;
            }
            for (Submission<?> submission : this.submissions) {
                if (submission.isOverdue(nowNanos)) {
                    overdue.add(submission.reply());
                }
            }
        }

        /**
         * Returns whether it may share a call with those of other partitions: then it takes the same thing so many times, and nothing else of its
         * partition is under way.
         */
        boolean isShared() {
            return this.shared;
        }

        boolean isReleasesOnly() {
            return this.releasesOnly;
        }

        Mailbox mailbox() {
            return this.mailbox;
        }

        Submission<?> first() {
            return this.submissions.get(0);
        }

        /** Returns the operations in the order of their submission; more may come until it is closed. */
        List<Submission<?>> submissions() {
            return this.submissions;
        }

        /** Returns them in the order of the call: those that give something back first. */
        List<Submission<?>> inOrderOfCall() {
            if (this.submissions.size() == 1) {
                return this.submissions;
            }
            List<Submission<?>> ordered = new ArrayList<>(this.submissions.size());
            for (Submission<?> submission : this.submissions) {
                if (!submission.takes()) {
                    ordered.add(submission);
                }
            }
            for (Submission<?> submission : this.submissions) {
                if (submission.takes()) {
                    ordered.add(submission);
                }
            }
            return ordered;
        }
    }
}
