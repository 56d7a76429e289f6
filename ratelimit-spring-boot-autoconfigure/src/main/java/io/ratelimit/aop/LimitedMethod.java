package io.ratelimit.aop;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A method and what a call of it acquires. Immutable.
 *
 * @param method the method that runs, never a bridge
 * @param acquisitions what to acquire, in order
 * @param fallbacks who answers refused calls, by resource
 * @param annotated whether it carries an annotation itself, so that no proxy may pass it by
 * @param returnType what its return type says of the end of its work
 * @param where one of its annotations and that one's place, for messages
 */
record LimitedMethod(
        Method method,
        List<Acquisition> acquisitions,
        Map<String, FallbackMethod> fallbacks,
        boolean annotated,
        ReturnType returnType,
        String where) {

    LimitedMethod {
        acquisitions = List.copyOf(acquisitions);
        fallbacks = Map.copyOf(fallbacks);
    }

    /** Returns what this call acquires; empty if every condition says that it is not limited. */
    List<LimitRequest> requests(CallRoot call) {
        if (this.acquisitions.size() == 1) {
            return this.acquisitions.get(0).request(call).map(List::of).orElse(List.of());
        }
        return this.acquisitions.stream()
                .map((acquisition) -> acquisition.request(call))
                .flatMap(Optional::stream)
                .toList();
    }

    @Nullable
    FallbackMethod fallbackFor(LimitExceededException refusal) {
        return this.fallbacks.get(refusal.resource());
    }
}
