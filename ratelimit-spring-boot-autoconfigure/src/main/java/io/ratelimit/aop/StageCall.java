package io.ratelimit.aop;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One call whose permit and result come later. Cancelling the result leaves the queue, or else cancels the work and frees its slots.
 * The slots are free before the result is there. Thread-safe.
 */
final class StageCall {

    private final LimitedCall call;

    private final boolean untilResponse;

    private final List<Permit> outerPermits = Permits.current();

    private final CompletableFuture<List<Permit>> acquisition;

    private final CallPermits held = new CallPermits();

    private final CompletableFuture<@Nullable Object> result = new CompletableFuture<>();

    /**
     * Makes a call that waits for its permits.
     *
     * @param call the call, whose invocation can be used later
     * @param requests what it acquires
     * @param acquisition becomes the permits
     */
    StageCall(LimitedCall call, List<LimitRequest> requests, CompletableFuture<List<Permit>> acquisition) {
        this.call = call;
        this.untilResponse = call.lastsUntilResponse(requests);
        this.acquisition = acquisition;
        whenCancelled(() -> {
            acquisition.cancel(true);
            this.held.end();
        });
    }

    CompletableFuture<@Nullable Object> result() {
        return this.result;
    }

    boolean isAnswered() {
        return this.acquisition.isDone();
    }

    void whenAnswered(Runnable action) {
        this.acquisition.whenComplete((permits, failure) -> action.run());
    }

    /** Goes on once the acquisition is done, on the current thread. */
    void resume() {
        this.acquisition.whenComplete((permits, failure) -> {
            try (Permits.Scope scope = Permits.replace(this.outerPermits)) {
                if (failure != null) {
                    failed(
                            (failure instanceof CompletionException && failure.getCause() != null)
                                    ? failure.getCause()
                                    : failure);
                } else if (this.held.hold(permits)) {
                    granted(permits);
                }
            }
        });
    }

    /** Ends it in place of {@link #resume}. */
    void giveUp(Throwable reason) {
        this.held.end();
        this.acquisition.thenAccept(this.held::hold);
        this.result.completeExceptionally(reason);
    }

    private void failed(Throwable failure) {
        if (failure instanceof LimitExceededException refusal) {
            follow(() -> this.call.refused(refusal));
        } else {
            this.result.completeExceptionally(failure);
        }
    }

    private void granted(List<Permit> permits) {
        try (Permits.Scope scope = Permits.enter(permits)) {
            follow(() -> {
                if (this.untilResponse) {
                    this.call.holdUntilResponse(this.held);
                }
                this.call.granted(permits);
                return this.call.invocation().proceed();
            });
        }
    }

    private void follow(Work work) {
        try {
            Object returned = work.run();
            if (returned instanceof CompletionStage<?> stage) {
                whenCancelled(() -> stage.toCompletableFuture().cancel(true));
                stage.whenComplete(this::ended);
            } else {
                ended(returned, null);
            }
        } catch (Throwable ex) {
            ended(null, ex);
        }
    }

    private void ended(@Nullable Object value, @Nullable Throwable failure) {
        if (!this.untilResponse || value == null) {
            this.held.end();
        }
        if (failure != null) {
            this.result.completeExceptionally(failure);
        } else {
            this.result.complete(value);
        }
    }

    private void whenCancelled(Runnable action) {
        this.result.whenComplete((value, failure) -> {
            if (this.result.isCancelled()) {
                action.run();
            }
        });
    }

    /** Runs the method or its fallback. */
    @FunctionalInterface
    private interface Work {

        @Nullable
        Object run() throws Throwable;
    }
}
