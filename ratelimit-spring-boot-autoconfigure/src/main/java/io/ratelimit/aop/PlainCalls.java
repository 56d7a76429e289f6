package io.ratelimit.aop;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls whose thread waits for the permit and then runs the method. Thread-safe.
 */
final class PlainCalls {

    private final Supplier<Limiter> limiter;

    PlainCalls(Supplier<Limiter> limiter) {
        this.limiter = limiter;
    }

    @Nullable
    Object run(LimitedCall call, List<LimitRequest> requests) throws Throwable {
        List<Permit> permits;
        try {
            permits = acquire(requests);
        } catch (LimitExceededException refusal) {
            return call.refused(refusal);
        }
        return granted(call, requests, permits);
    }

    private List<Permit> acquire(List<LimitRequest> requests) {
        return (requests.size() == 1)
                ? List.of(this.limiter.get().acquire(requests.get(0)))
                : this.limiter.get().acquireAll(requests);
    }

    private static @Nullable Object granted(LimitedCall call, List<LimitRequest> requests, List<Permit> permits)
            throws Throwable {
        CallPermits held = new CallPermits();
        held.hold(permits);
        boolean goesOn = false;
        try (Permits.Scope scope = Permits.enter(permits)) {
            boolean untilResponse = call.lastsUntilResponse(requests);
            if (untilResponse) {
                call.holdUntilResponse(held);
            }
            call.granted(permits);
            Object result = call.invocation().proceed();
            if (result instanceof CompletionStage<?> stage) {
                stage.whenComplete((value, failure) -> {
                    if (!untilResponse || value == null) {
                        held.end();
                    }
                });
                goesOn = true;
            } else {
                goesOn = result != null && (untilResponse || outlasts(call, requests, held, result));
            }
            return result;
        } finally {
            if (!goesOn) {
                held.end();
            }
        }
    }

    private static boolean outlasts(LimitedCall call, List<LimitRequest> requests, CallPermits held, Object result) {
        boolean untilResponse = call.method().returnType().opaque()
                && LimitedCall.takesSlots(requests)
                && ReturnTypes.isUntilResponse(result, call.method().where());
        if (untilResponse) {
            call.holdUntilResponse(held);
        }
        return untilResponse;
    }
}
