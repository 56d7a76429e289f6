package io.ratelimit.redis;

import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import java.util.concurrent.CompletableFuture;

/**
 * An operation on its way.
 *
 * @param partition the partition
 * @param operation the operation
 * @param deadlineNanos when whoever waits for its reply gives up
 * @param reply what comes back
 */
record Submission<R extends Reply>(
        Partition partition, Operation<R> operation, long deadlineNanos, CompletableFuture<R> reply) {

    /** Returns whether it takes something, and so comes after those that give something back. */
    boolean takes() {
        return this.operation instanceof Acquire || this.operation instanceof Inspect;
    }

    boolean isRelease() {
        return this.operation instanceof Release;
    }

    /** Two definitions of a resource cannot share a call. Those of one are one object, so nothing is compared value by value. */
    @SuppressWarnings("ReferenceEquality")
    boolean canShareCallWith(Submission<?> other) {
        return this.partition.limits() == other.partition().limits()
                && this.partition.stampMicros() == other.partition().stampMicros();
    }

    boolean isOverdue(long nowNanos) {
        return nowNanos - this.deadlineNanos >= 0;
    }

    @SuppressWarnings("unchecked") // the script answers each operation with the reply of its type
    void complete(Reply answer) {
        this.reply.complete((R) answer);
    }
}
