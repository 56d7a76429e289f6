package io.ratelimit.aop;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.NonBlockingThreads;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.task.TaskDecorator;

/**
 * Calls of methods that return a {@link java.util.concurrent.CompletionStage}. One that may have to wait does so without a thread: its
 * caller gets a future at once, and the method runs later, on a thread of its own, in the context that the task decorator carries
 * there. One that never waits, and one that is granted at once, runs on the calling thread. A refusal fails the stage. Thread-safe.
 */
final class StageCalls {

    private final Supplier<Limiter> limiter;

    private final Supplier<ResourceRegistry> resources;

    private final Supplier<TaskDecorator> context;

    private final PlainCalls plainCalls;

    private final Executor threads = CallThreads.create();

    StageCalls(
            Supplier<Limiter> limiter,
            Supplier<ResourceRegistry> resources,
            Supplier<TaskDecorator> context,
            PlainCalls plainCalls) {
        this.limiter = limiter;
        this.resources = resources;
        this.context = context;
        this.plainCalls = plainCalls;
    }

    @Nullable
    Object run(LimitedCall call, List<LimitRequest> requests) throws Throwable {
        if (!NonBlockingThreads.isCurrent() && requests.stream().noneMatch(this::mayWait)) {
            try {
                return this.plainCalls.run(call, requests);
            } catch (LimitExceededException refusal) {
                return CompletableFuture.failedFuture(refusal);
            }
        }
        StageCall stage =
                new StageCall(call.kept(), requests, this.limiter.get().acquireAllAsync(requests));
        resume(stage);
        return stage.result();
    }

    private void resume(StageCall stage) {
        if (stage.isAnswered()) {
            stage.resume();
            return;
        }
        Runnable task = this.context.get().decorate(stage::resume);
        stage.whenAnswered(() -> {
            try {
                this.threads.execute(task);
            } catch (RuntimeException | Error ex) {
                stage.giveUp(ex);
            }
        });
    }

    private boolean mayWait(LimitRequest request) {
        if (request.maxWait() != null) {
            return !request.maxWait().isZero();
        }
        LimitPolicy policy = (request.policy() != LimitPolicy.INHERIT)
                ? request.policy()
                : this.resources
                        .get()
                        .find(request.resource())
                        .map(ResourceDefinition::policy)
                        .orElse(LimitPolicy.BLOCK);
        return policy == LimitPolicy.BLOCK;
    }
}
