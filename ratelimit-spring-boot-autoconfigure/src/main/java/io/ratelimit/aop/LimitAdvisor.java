package io.ratelimit.aop;

import java.lang.reflect.Method;
import java.util.Arrays;
import org.aopalliance.aop.Advice;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.Advisor;
import org.springframework.aop.Pointcut;
import org.springframework.aop.PointcutAdvisor;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.scope.ScopedObject;
import org.springframework.aop.support.StaticMethodMatcherPointcutAdvisor;
import org.springframework.core.Ordered;

/**
 * Advises the limited methods of one type of bean.
 */
final class LimitAdvisor extends StaticMethodMatcherPointcutAdvisor {

    private final transient LimitedType type;

    LimitAdvisor(LimitedType type, Advice advice, int order) {
        super(advice);
        this.type = type;
        setOrder(order);
    }

    @Override
    public boolean matches(Method method, Class<?> targetClass) {
        return this.type.find(method) != null;
    }

    /** Returns whether a proxy has such an advisor. */
    static boolean isIn(Advised advised) {
        return Arrays.stream(advised.getAdvisors()).anyMatch(LimitAdvisor.class::isInstance);
    }

    /**
     * Returns whether the target of a proxy is itself a proxy that limits a method, so that the outer one must not do it again.
     */
    static boolean isLimitedWithin(@Nullable Object target, Method method) {
        Object inner = target;
        while (inner instanceof Advised advised) {
            for (Advisor advisor : advised.getAdvisors()) {
                if (advisor instanceof LimitAdvisor limits && limits.type.find(method) != null) {
                    return true;
                }
            }
            inner = (inner instanceof ScopedObject scoped)
                    ? scoped.getTargetObject()
                    : AopProxyUtils.getSingletonTarget(inner);
        }
        return false;
    }

    /**
     * Puts this advisor into an existing proxy: inside the advisors of a lower or equal order, outside of all others. Plain advice
     * is among the others, because the advice of a repository or an HTTP client may be the one that answers the call.
     */
    void addTo(Advised advised) {
        Advisor[] advisors = advised.getAdvisors();
        int position = 0;
        while (position < advisors.length && isOutside(advisors[position])) {
            position++;
        }
        advised.addAdvisor(position, this);
    }

    private boolean isOutside(Advisor advisor) {
        int order = (advisor instanceof Ordered ordered) ? ordered.getOrder() : Ordered.LOWEST_PRECEDENCE;
        boolean selective = advisor instanceof PointcutAdvisor matching && matching.getPointcut() != Pointcut.TRUE;
        return order < getOrder() || (order == getOrder() && selective);
    }
}
