package io.ratelimit.aop;

import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * A call, as expressions see it: its public methods are what they can name.
 */
final class CallRoot {

    private final Method method;

    private final @Nullable Object[] args;

    private final @Nullable Object target;

    private final CallContext context;

    CallRoot(Method method, @Nullable Object[] args, @Nullable Object target, CallContext context) {
        this.method = method;
        this.args = args;
        this.target = target;
        this.context = context;
    }

    public Method getMethod() {
        return this.method;
    }

    public @Nullable Object[] getArgs() {
        return this.args;
    }

    public @Nullable Object getTarget() {
        return this.target;
    }

    public @Nullable String getIp() {
        return this.context.ip();
    }

    public @Nullable String getUser() {
        return this.context.user();
    }

    public @Nullable String header(String name) {
        return this.context.header(name);
    }

    public @Nullable String param(String name) {
        return this.context.param(name);
    }
}
