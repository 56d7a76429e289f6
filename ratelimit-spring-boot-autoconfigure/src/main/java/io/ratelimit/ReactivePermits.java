package io.ratelimit;

import java.util.List;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The permits of the annotated calls that a subscription is in: what {@link Permits} is to a thread, this is to a Reactor context.
 *
 * <pre>{@code
 * @ConcurrencyLimited("exports")
 * Mono<Report> export() {
 *     return ReactivePermits.current().flatMap(permits -> store(permits.get(0).fencingToken()));
 * }
 * }</pre>
 *
 * @since 0.1.0
 */
public final class ReactivePermits {

    private ReactivePermits() {}

    /**
     * Returns the permits of the subscription.
     *
     * @return a single list, innermost first, unmodifiable; empty outside of annotated calls
     */
    public static Mono<List<Permit>> current() {
        return Mono.deferContextual((context) -> Mono.just(current(context)));
    }

    /**
     * Returns the permits in a Reactor context.
     *
     * @param context the context of a subscription, as {@code Mono.deferContextual} gives it
     * @return the permits, innermost first, unmodifiable; empty outside of annotated calls
     */
    public static List<Permit> current(ContextView context) {
        return context.<List<Permit>>getOrEmpty(Permits.KEY).orElse(List.of());
    }

    /**
     * Makes permits the innermost ones of a subscription.
     *
     * @param permits the permits, in the order they were acquired
     * @param context the context of the subscription
     * @return a context with the permits
     */
    public static Context enter(List<Permit> permits, Context context) {
        return context.put(Permits.KEY, Permits.innermost(permits, current(context)));
    }
}
