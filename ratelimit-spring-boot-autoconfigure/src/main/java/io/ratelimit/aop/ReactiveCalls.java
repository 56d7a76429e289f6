package io.ratelimit.aop;

import io.ratelimit.Limiter;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Calls of methods that return a reactive type. Each subscription acquires, without blocking, and then calls the method and subscribes
 * to what that returns; so what the method does before it returns is limited too, and is done anew for each subscription. One that had
 * to wait goes on where {@link Resumption} says. Loaded only where there is Reactor. Thread-safe.
 */
final class ReactiveCalls {

    private final Supplier<Limiter> limiter;

    private final Supplier<List<CallContextSource>> sources;

    ReactiveCalls(Supplier<Limiter> limiter, Supplier<List<CallContextSource>> sources) {
        this.limiter = limiter;
        this.sources = sources;
    }

    Object run(LimitedCall call) {
        Class<?> type = call.method().returnType().type();
        ReactiveAdapter adapter = Objects.requireNonNull(
                ReactiveAdapterRegistry.getSharedInstance().getAdapter(type));
        LimitedCall kept = call.kept();
        return adapter.fromPublisher(
                adapter.isMultiValue()
                        ? Flux.deferContextual((context) -> many(kept, context, adapter))
                        : Mono.deferContextual((context) -> one(kept, context, adapter)));
    }

    private Flux<Object> many(LimitedCall call, ContextView context, ReactiveAdapter adapter) {
        SubscribedCall subscribed = new SubscribedCall(this.limiter, adapter);
        return start(subscribed, call, context)
                .flatMapMany(Flux::from)
                .doOnTerminate(() -> subscribed.ended(null))
                .doFinally(subscribed::left);
    }

    private Mono<Object> one(LimitedCall call, ContextView context, ReactiveAdapter adapter) {
        SubscribedCall subscribed = new SubscribedCall(this.limiter, adapter);
        return start(subscribed, call, context)
                .flatMap(Mono::fromDirect)
                .doOnSuccess(subscribed::ended)
                .doOnError((failure) -> subscribed.ended(null))
                .doFinally(subscribed::left);
    }

    private Mono<Publisher<Object>> start(SubscribedCall subscribed, LimitedCall call, ContextView context) {
        Mono<CallContext> found = Mono.empty();
        for (CallContextSource source : this.sources.get()) {
            if (source instanceof ReactiveCallContextSource reactive) {
                found = found.switchIfEmpty(Mono.defer(() -> reactive.of(context)));
            }
        }
        return found.defaultIfEmpty(call.context())
                .flatMap((surroundings) -> subscribed.start(call.kept().within(surroundings)));
    }
}
