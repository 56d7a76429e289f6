package io.ratelimit.aop;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;

/**
 * Acquires what a call needs, and holds it for as long as the call's work lasts. Thread-safe.
 */
final class LimitInterceptor implements MethodInterceptor {

    private final LimitedType type;

    private final Supplier<Limiter> limiter;

    private final Supplier<CallContext> context;

    LimitInterceptor(LimitedType type, Supplier<Limiter> limiter, Supplier<CallContext> context) {
        this.type = type;
        this.limiter = limiter;
        this.context = context;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        LimitedMethod method = this.type.find(invocation.getMethod());
        if (method == null || LimitAdvisor.isLimitedWithin(invocation.getThis(), invocation.getMethod())) {
            return invocation.proceed();
        }
        CallContext context = this.context.get();
        List<LimitRequest> requests = method.requests(
                new CallRoot(method.method(), invocation.getArguments(), invocation.getThis(), context));
        if (requests.isEmpty()) {
            return invocation.proceed();
        }
        List<Permit> permits;
        try {
            permits = acquire(requests);
        } catch (LimitExceededException refusal) {
            return refused(refusal, method, invocation, context);
        }
        return granted(permits, requests, method, invocation, context);
    }

    private List<Permit> acquire(List<LimitRequest> requests) {
        return (requests.size() == 1)
                ? List.of(this.limiter.get().acquire(requests.get(0)))
                : this.limiter.get().acquireAll(requests);
    }

    private static @Nullable Object refused(
            LimitExceededException refusal, LimitedMethod method, MethodInvocation invocation, CallContext context)
            throws Throwable {
        context.decided(refusal.resource(), refusal.limits());
        FallbackMethod fallback = method.fallbackFor(refusal);
        if (fallback == null) {
            throw refusal;
        }
        return fallback.answer(invocation, refusal);
    }

    private static @Nullable Object granted(
            List<Permit> permits,
            List<LimitRequest> requests,
            LimitedMethod method,
            MethodInvocation invocation,
            CallContext context)
            throws Throwable {
        boolean goesOn = false;
        try (Permits.Scope scope = Permits.enter(permits)) {
            permits.forEach((permit) -> context.decided(permit.resource(), permit.limits()));
            Object result = invocation.proceed();
            if (result instanceof CompletionStage<?> stage) {
                stage.whenComplete((value, failure) -> close(permits));
                goesOn = true;
            } else if (method.opaque()) {
                ReturnTypes.checkValue(
                        result,
                        requests.stream()
                                .flatMap((request) -> request.kinds().stream())
                                .toList(),
                        method.where());
            }
            return result;
        } finally {
            if (!goesOn) {
                close(permits);
            }
        }
    }

    private static void close(List<Permit> permits) {
        for (int i = permits.size() - 1; i >= 0; i--) {
            permits.get(i).close();
        }
    }
}
