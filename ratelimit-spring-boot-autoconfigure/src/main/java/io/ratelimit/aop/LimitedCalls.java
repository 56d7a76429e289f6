package io.ratelimit.aop;

import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.aop.ReturnType.Shape;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.core.task.TaskDecorator;
import org.springframework.util.function.SingletonSupplier;

/**
 * Runs limited calls, each in the way of what its method returns. Thread-safe.
 */
final class LimitedCalls {

    private final Supplier<List<CallContextSource>> sources;

    private final PlainCalls plain;

    private final StageCalls stages;

    /** Made for the first method with a reactive type, so that nothing needs Reactor before. */
    private final Supplier<ReactiveCalls> reactive;

    LimitedCalls(
            Supplier<Limiter> limiter,
            Supplier<ResourceRegistry> resources,
            Supplier<List<CallContextSource>> sources,
            Supplier<TaskDecorator> context) {
        this.sources = sources;
        this.plain = new PlainCalls(limiter);
        this.stages = new StageCalls(limiter, resources, context, this.plain);
        this.reactive = SingletonSupplier.of(() -> new ReactiveCalls(limiter, sources))::obtain;
    }

    CallContext context() {
        for (CallContextSource source : this.sources.get()) {
            CallContext context = source.current();
            if (context != null) {
                return context;
            }
        }
        return CallContext.NONE;
    }

    @Nullable
    Object run(LimitedCall call) throws Throwable {
        Shape shape = call.method().returnType().shape();
        if (shape == Shape.PUBLISHER) {
            return this.reactive.get().run(call);
        }
        List<LimitRequest> requests = call.requests();
        if (requests.isEmpty()) {
            return call.invocation().proceed();
        }
        return (shape == Shape.STAGE) ? this.stages.run(call, requests) : this.plain.run(call, requests);
    }
}
