package io.ratelimit.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.ratelimit.Limit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Partition;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Acquisitions of many partitions that share calls, as those of one partition do: group commit, see {@link Mailbox}. They are those that ask one
 * sliding window alone, which is what a limit per user or client is. What {@code takes.lua} does not know how to answer is sent in a call of
 * its own after all. Thread-safe.
 *
 * <p>In a cluster partitions live on different nodes, so there each has its own calls; likewise from the moment on that a server says that it
 * stands for several.
 */
final class Takes {

    /** From so many partitions under way on, those that come gather. Fewer leave at once: none waits for the reply of another. */
    private static final int FEW_UNDER_WAY = 16;

    /** Of the calls that others gather behind: one travels there, one is carried out, one travels back and wakes its callers. */
    private static final int FEW_CALLS = 3;

    /** Redis does nothing else meanwhile. */
    private static final int MOST_TOGETHER = 16;

    private static final String OF_SEVERAL_SERVERS = "CROSSSLOT";

    private final Queue<Take> waiting = new ConcurrentLinkedQueue<>();

    /** Whether there is a call that has not been written yet: it will take what waits by then. */
    private final AtomicBoolean open = new AtomicBoolean();

    private final AtomicInteger underWay = new AtomicInteger();

    private final AtomicInteger calls = new AtomicInteger();

    private final Consumer<ScriptCall> sender;

    private final Runnable sendAtOnce;

    private final LuaScript script;

    private final Function<Partition, String> limits;

    private final Consumer<Arguments> time;

    private volatile boolean enabled;

    /**
     * Makes a lane without anybody in it.
     *
     * @param enabled whether all partitions live on one server
     * @param sender takes calls to be sent, in their order
     * @param sendAtOnce sends them before the callers of a reply wake up
     * @param script the script
     * @param limits returns the limits of a partition as text
     * @param time adds the time, if the script needs it
     */
    Takes(
            boolean enabled,
            Consumer<ScriptCall> sender,
            Runnable sendAtOnce,
            LuaScript script,
            Function<Partition, String> limits,
            Consumer<Arguments> time) {
        this.enabled = enabled;
        this.sender = sender;
        this.sendAtOnce = sendAtOnce;
        this.script = script;
        this.limits = limits;
        this.time = time;
    }

    /** Returns whether an operation may share a call with those of other partitions. */
    boolean concern(Submission<?> submission) {
        return this.enabled
                && submission.operation() instanceof Acquire acquire
                && acquire.maxWaitMicros() == 0
                && submission.partition().limits().size() == 1
                && submission.partition().limits().get(0) instanceof RateLimit rate
                && rate.algorithm() == RateAlgorithm.SLIDING_WINDOW;
    }

    /**
     * Adds a batch to those to be sent.
     *
     * @param batch the acquisitions
     * @param alone the call that carries them alone: its reply is completed either way
     */
    void add(Mailbox.Batch batch, ScriptCall alone) {
        this.waiting.add(new Take(batch, alone));
        makeCall();
    }

    private void makeCall() {
        if (!this.waiting.isEmpty() && mayCall() && this.open.compareAndSet(false, true)) {
            this.calls.incrementAndGet();
            Together together = new Together();
            together.call.reply().whenComplete((replies, failure) -> {
                this.calls.decrementAndGet();
                this.underWay.addAndGet(-together.takes().size());
                makeCall();
                this.sendAtOnce.run();
                together.answered(replies, failure);
            });
            this.sender.accept(together.call);
        }
    }

    private boolean mayCall() {
        return this.underWay.get() < FEW_UNDER_WAY || this.calls.get() < FEW_CALLS;
    }

    /**
     * The acquisitions of one partition.
     *
     * @param batch the acquisitions
     * @param alone the call that carries them alone
     */
    private record Take(Mailbox.Batch batch, ScriptCall alone) {

        boolean isOver() {
            return this.alone.reply().isDone();
        }

        Submission<?> first() {
            return this.batch.first();
        }
    }

    /** Those that share a call. */
    private final class Together {

        private final ScriptCall call = new ScriptCall(Takes.this.script, this::keys, this::write);

        private @Nullable List<Take> takes;

        /** Returns those that it carries, which are known once it is written, or fails before: whoever comes then comes too late. */
        private List<Take> takes() {
            List<Take> known = this.takes;
            if (known != null) {
                return known;
            }
            Takes.this.open.set(false);
            List<Take> drained = new ArrayList<>();
            while (drained.size() < MOST_TOGETHER) {
                Take next = Takes.this.waiting.poll();
                if (next == null) {
                    break;
                }
                if (!next.isOver()) {
                    next.batch().close();
                    drained.add(next);
                }
            }
            this.takes = drained;
            Takes.this.underWay.addAndGet(drained.size());
            giveUpWhenAllHave(drained);
            makeCall();
            return drained;
        }

        byte[][] keys() {
            List<Take> written = takes();
            byte[][] keys = new byte[written.size()][];
            for (int i = 0; i < keys.length; i++) {
                keys[i] = RedisKeys.header(written.get(i).batch().mailbox().keys());
            }
            return keys;
        }

        void write(Arguments arguments) {
            List<Take> written = takes();
            List<List<Limit>> limits = new ArrayList<>(1);
            List<String> texts = new ArrayList<>(1);
            Operands operands = new Operands();
            for (Take take : written) {
                Partition partition = take.first().partition();
                int text = limits.indexOf(partition.limits());
                if (text < 0) {
                    text = limits.size();
                    limits.add(partition.limits());
                    texts.add(Takes.this.limits.apply(partition));
                }
                Acquire acquire = (Acquire) take.first().operation();
                operands.add(text + 1)
                        .add(partition.stampMicros())
                        .add(take.batch().submissions().size())
                        .add(acquire.amounts().get(0));
            }
            arguments.add(operands.toBytes());
            texts.forEach(arguments::add);
            Takes.this.time.accept(arguments);
        }

        /** Lettuce drops what it has not sent yet, so nothing piles up while Redis is away. */
        private void giveUpWhenAllHave(List<Take> drained) {
            AtomicInteger left = new AtomicInteger(drained.size());
            for (Take take : drained) {
                take.alone().reply().whenComplete((reply, failure) -> {
                    if (left.decrementAndGet() == 0 && failure != null) {
                        this.call.reply().completeExceptionally(failure);
                    }
                });
            }
        }

        void answered(@Nullable List<Object> replies, @Nullable Throwable failure) {
            List<Take> written = takes();
            if (replies != null && replies.size() == written.size()) {
                for (int i = 0; i < written.size(); i++) {
                    answered(written.get(i), replies.get(i));
                }
            } else if (replies != null) {
                written.forEach((take) -> take.alone().reply().complete(List.of())); // not what the script answers
            } else if (failure instanceof RedisCommandExecutionException
                    && failure.getMessage() != null
                    && failure.getMessage().startsWith(OF_SEVERAL_SERVERS)) {
                Takes.this.enabled = false;
                written.forEach(this::sendAlone);
            } else {
                written.forEach((take) -> take.alone().reply().completeExceptionally(failure));
            }
        }

        private void answered(Take take, @Nullable Object reply) {
            if (reply != null) {
                take.alone().reply().complete(List.of(reply));
            } else {
                take.batch().mailbox().keepsToItself();
                sendAlone(take);
            }
        }

        private void sendAlone(Take take) {
            if (!take.isOver()) {
                Takes.this.sender.accept(take.alone());
            }
        }
    }
}
