package io.ratelimit.aop;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import io.ratelimit.ReactivePermits;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.ReactiveAdapter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.SignalType;
import reactor.util.context.ContextView;

/**
 * One subscription to what a limited method returns. Its slots are free before its subscriber is told of the end. Thread-safe.
 */
final class SubscribedCall {

    private final Supplier<Limiter> limiter;

    private final ReactiveAdapter adapter;

    private final CallPermits held = new CallPermits();

    private volatile boolean untilResponse;

    private volatile boolean cancelled;

    private volatile @Nullable CompletableFuture<List<Permit>> acquisition;

    SubscribedCall(Supplier<Limiter> limiter, ReactiveAdapter adapter) {
        this.limiter = limiter;
        this.adapter = adapter;
    }

    /** Returns what to subscribe to, once it is known: the method's work, or its fallback's. */
    Mono<Publisher<Object>> start(LimitedCall call) {
        List<LimitRequest> requests = call.requests();
        if (requests.isEmpty()) {
            return Mono.just(body(call, List.of()));
        }
        Executor resumption = Resumption.ofCurrentThread();
        CompletableFuture<List<Permit>> future = this.limiter.get().acquireAllAsync(requests);
        this.acquisition = future;
        if (this.cancelled) {
            future.cancel(true);
        }
        return Mono.create((sink) -> {
            Runnable answer = () -> answered(call, requests, future, sink);
            if (future.isDone()) {
                answer.run();
            } else {
                future.whenComplete((permits, failure) -> {
                    try {
                        resumption.execute(answer);
                    } catch (RuntimeException ex) {
                        giveUp(future, ex, sink);
                    }
                });
            }
        });
    }

    /** There is no thread to go on: nobody will use what was granted. */
    private void giveUp(CompletableFuture<List<Permit>> future, RuntimeException failure, MonoSink<?> sink) {
        this.held.end();
        future.thenAccept(this.held::hold);
        sink.error(failure);
    }

    private void answered(
            LimitedCall call,
            List<LimitRequest> requests,
            CompletableFuture<List<Permit>> future,
            MonoSink<Publisher<Object>> sink) {
        future.whenComplete((permits, failure) -> {
            try {
                if (failure != null) {
                    sink.success(refused(call, failure));
                } else if (this.held.hold(permits)) {
                    sink.success(granted(call, requests, permits));
                }
            } catch (Throwable ex) {
                sink.error(ex);
            }
        });
    }

    private Publisher<Object> refused(LimitedCall call, Throwable failure) throws Throwable {
        Throwable cause =
                (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause() : failure;
        if (cause instanceof LimitExceededException refusal) {
            return this.adapter.toPublisher(call.refused(refusal));
        }
        throw cause;
    }

    private Publisher<Object> granted(LimitedCall call, List<LimitRequest> requests, List<Permit> permits) {
        if (call.lastsUntilResponse(requests)) {
            call.holdUntilResponse(this.held);
            this.untilResponse = true;
        }
        call.granted(permits);
        return body(call, permits);
    }

    private Publisher<Object> body(LimitedCall call, List<Permit> permits) {
        return this.adapter.isMultiValue()
                ? Flux.deferContextual((context) -> Flux.from(proceed(call, context)))
                        .contextWrite((context) -> ReactivePermits.enter(permits, context))
                : Mono.deferContextual((context) -> Mono.fromDirect(proceed(call, context)))
                        .contextWrite((context) -> ReactivePermits.enter(permits, context));
    }

    private Publisher<Object> proceed(LimitedCall call, ContextView context) {
        List<Permit> current = ReactivePermits.current(context);
        try (Permits.Scope scope = Permits.replace(current)) {
            return new PermitsPublisher(
                    this.adapter.toPublisher(call.invocation().proceed()), current);
        } catch (Throwable ex) {
            return Mono.error(ex);
        }
    }

    /** The work has ended, with a value or without. */
    void ended(@Nullable Object value) {
        if (!this.untilResponse || value == null) {
            this.held.end();
        }
    }

    /** Nothing more will come. */
    void left(SignalType signal) {
        if (signal == SignalType.CANCEL) {
            this.cancelled = true;
            CompletableFuture<List<Permit>> future = this.acquisition;
            if (future != null) {
                future.cancel(true);
            }
            this.held.end();
        }
    }
}
