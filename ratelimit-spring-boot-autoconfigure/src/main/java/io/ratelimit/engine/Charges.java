package io.ratelimit.engine;

import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Reply.Updated;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * What a permit was charged of its rate limits, and when: a refund meets the newest charges first. Corrections go to the backend one after
 * the other, none before the answer to the last, which tells the time of what it charged. Thread-safe; nobody waits.
 *
 * <p>A correction whose answer does not come is not repeated: it may have been made.
 */
final class Charges {

    private static final CompletableFuture<Void> NOTHING = CompletableFuture.completedFuture(null);

    private final Acquisition acquisition;

    private final Place where;

    private final long grantedAtMicros;

    private List<Long> lastWord;

    /** Of each limit the newest first; changed by one step of the chain at a time. */
    private List<Deque<Charge>> charges = List.of();

    private CompletableFuture<Void> lastStep = NOTHING;

    Charges(Acquisition acquisition, Place where, long grantedAtMicros) {
        this.acquisition = acquisition;
        this.where = where;
        this.grantedAtMicros = grantedAtMicros;
        this.lastWord = acquisition.amounts();
    }

    /** Corrects what was charged of a limit. */
    void update(int limit, long actual) {
        CompletableFuture<Void> before;
        CompletableFuture<Void> step = new CompletableFuture<>();
        long difference;
        synchronized (this) {
            difference = actual - this.lastWord.get(limit);
            if (difference == 0) {
                return;
            }
            this.lastWord = with(this.lastWord, limit, actual);
            before = this.lastStep;
            this.lastStep = step;
        }
        // outside of the lock: an answer may come at once, and whoever it is for runs on this thread
        before.thenCompose((done) -> (difference > 0) ? charge(limit, difference) : refund(limit, -difference))
                .whenComplete((done, failure) -> step.complete(null));
    }

    /** Refunds all charges but those of the grant, and then tells what is left of those. */
    void undo(Consumer<List<Long>> leftOfGrant) {
        CompletableFuture<Void> before;
        synchronized (this) {
            before = this.lastStep;
        }
        before.thenRun(() -> {
            List<Long> left = this.acquisition.amounts();
            for (int limit = 0; limit < this.charges.size(); limit++) {
                Deque<Charge> stack = this.charges.get(limit);
                while (stack.size() > 1) {
                    refund(limit, stack.pop());
                }
                left = with(left, limit, stack.isEmpty() ? 0 : stack.pop().amount());
            }
            leftOfGrant.accept(left);
        });
    }

    private Deque<Charge> chargesOf(int limit) {
        if (this.charges.isEmpty()) {
            this.charges = this.acquisition.amounts().stream()
                    .<Deque<Charge>>map((amount) -> new ArrayDeque<>(List.of(new Charge(amount, this.grantedAtMicros))))
                    .toList();
        }
        return this.charges.get(limit);
    }

    private CompletionStage<Void> charge(int limit, long amount) {
        return execute(new Update(limit, amount, 0))
                .thenAccept((updated) -> chargesOf(limit).push(new Charge(amount, updated.atMicros())));
    }

    private CompletionStage<Void> refund(int limit, long amount) {
        List<CompletableFuture<?>> refunds = new ArrayList<>();
        Deque<Charge> stack = chargesOf(limit);
        long left = amount;
        while (left > 0 && !stack.isEmpty()) {
            Charge newest = stack.pop();
            long refunded = Math.min(left, newest.amount());
            left -= refunded;
            refunds.add(refund(limit, new Charge(refunded, newest.atMicros())).toCompletableFuture());
            if (refunded < newest.amount() || stack.isEmpty()) {
                // the last one, that of the grant, stays even if nothing is left of it
                stack.push(new Charge(newest.amount() - refunded, newest.atMicros()));
                break;
            }
        }
        return CompletableFuture.allOf(refunds.toArray(CompletableFuture[]::new));
    }

    private CompletionStage<Updated> refund(int limit, Charge charge) {
        return execute(new Update(limit, -charge.amount(), charge.atMicros()));
    }

    private CompletionStage<Updated> execute(Update update) {
        return this.where.route().execute(this.where.partition(), update);
    }

    private static List<Long> with(List<Long> amounts, int index, long amount) {
        List<Long> changed = new ArrayList<>(amounts);
        changed.set(index, amount);
        return changed;
    }

    /** An amount, and when it was charged by the backend's clock. */
    private record Charge(long amount, long atMicros) {}
}
