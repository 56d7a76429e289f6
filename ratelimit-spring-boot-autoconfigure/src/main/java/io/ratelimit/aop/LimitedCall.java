package io.ratelimit.aop;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import java.util.List;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ProxyMethodInvocation;

/**
 * One call of a limited method, in its surroundings.
 *
 * @param method the method
 * @param invocation runs it
 * @param context its surroundings
 */
record LimitedCall(LimitedMethod method, MethodInvocation invocation, CallContext context) {

    /** Returns what it acquires; empty if it is not limited. */
    List<LimitRequest> requests() {
        return this.method.requests(new CallRoot(
                this.method.method(), this.invocation.getArguments(), this.invocation.getThis(), this.context));
    }

    /** Returns the same call, to be run later, on any thread. */
    LimitedCall kept() {
        return new LimitedCall(this.method, ((ProxyMethodInvocation) this.invocation).invocableClone(), this.context);
    }

    LimitedCall within(CallContext context) {
        return new LimitedCall(this.method, this.invocation, context);
    }

    /** Returns whether slots are held until the response has ended. */
    boolean lastsUntilResponse(List<LimitRequest> requests) {
        return this.method.returnType().untilResponse() && takesSlots(requests);
    }

    /**
     * Holds permits until the response has ended.
     *
     * @throws IllegalStateException if the call belongs to no response
     */
    void holdUntilResponse(CallPermits permits) {
        if (!this.context.afterResponse(permits::end)) {
            throw new IllegalStateException(
                    "%s cannot hold its slots: what the method returns works on until an HTTP response has ended, and this call is in no request. Call it from a controller, or return the result itself or a CompletableFuture."
                            .formatted(this.method.where()));
        }
    }

    void granted(List<Permit> permits) {
        permits.forEach((permit) -> this.context.decided(permit.resource(), permit.limits()));
    }

    /**
     * Answers in place of the method.
     *
     * @throws LimitExceededException the refusal, if there is no fallback
     */
    @Nullable
    Object refused(LimitExceededException refusal) throws Throwable {
        this.context.decided(refusal.resource(), refusal.limits());
        FallbackMethod fallback = this.method.fallbackFor(refusal);
        if (fallback == null) {
            throw refusal;
        }
        return fallback.answer(this.invocation, refusal);
    }

    static boolean takesSlots(List<LimitRequest> requests) {
        return requests.stream().anyMatch((request) -> request.kinds().contains(LimitKind.CONCURRENCY));
    }
}
