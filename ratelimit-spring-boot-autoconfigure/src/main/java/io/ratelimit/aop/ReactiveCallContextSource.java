package io.ratelimit.aop;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Finds the surroundings of a subscription in its Reactor context, because no thread is bound to them.
 *
 * @since 0.1.0
 */
public interface ReactiveCallContextSource extends CallContextSource {

    /**
     * Returns the surroundings of a subscription.
     *
     * @param context the context of the subscription
     * @return the surroundings, or empty if it is in none that this source knows
     */
    Mono<CallContext> of(ContextView context);

    @Override
    default @Nullable CallContext current() {
        return null;
    }
}
