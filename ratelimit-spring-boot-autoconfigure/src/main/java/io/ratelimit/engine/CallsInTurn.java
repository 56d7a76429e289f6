package io.ratelimit.engine;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * Makes many calls of a backend, of which only so many are under way at a time: a backend that comes back meets all instances at once, each with
 * all that it holds.
 */
final class CallsInTurn {

    private static final int MOST_UNDER_WAY = 64;

    private final Queue<Supplier<? extends CompletionStage<?>>> calls;

    private CallsInTurn(List<? extends Supplier<? extends CompletionStage<?>>> calls) {
        this.calls = new ConcurrentLinkedQueue<>(calls);
    }

    /** Makes calls; returns when the first are under way. */
    static void make(List<? extends Supplier<? extends CompletionStage<?>>> calls) {
        CallsInTurn turns = new CallsInTurn(calls);
        for (int i = Math.min(MOST_UNDER_WAY, calls.size()); i > 0; i--) {
            turns.next();
        }
    }

    /** Goes on in a loop where answers come at once, so that no stack grows. */
    private void next() {
        for (Supplier<? extends CompletionStage<?>> call = this.calls.poll(); call != null; call = this.calls.poll()) {
            CompletableFuture<?> answer = call.get().toCompletableFuture();
            if (!answer.isDone()) {
                answer.whenComplete((reply, failure) -> next());
                return;
            }
        }
    }
}
