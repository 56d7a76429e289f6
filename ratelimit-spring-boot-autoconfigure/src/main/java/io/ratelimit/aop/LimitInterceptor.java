package io.ratelimit.aop;

import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;

/**
 * Acquires what a call needs, and holds it for as long as the call's work lasts. Thread-safe.
 */
final class LimitInterceptor implements MethodInterceptor {

    private final LimitedType type;

    private final LimitedCalls calls;

    LimitInterceptor(LimitedType type, LimitedCalls calls) {
        this.type = type;
        this.calls = calls;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        LimitedMethod method = this.type.find(invocation.getMethod());
        if (method == null || LimitAdvisor.isLimitedWithin(invocation.getThis(), invocation.getMethod())) {
            return invocation.proceed();
        }
        return this.calls.run(new LimitedCall(method, invocation, this.calls.context()));
    }
}
