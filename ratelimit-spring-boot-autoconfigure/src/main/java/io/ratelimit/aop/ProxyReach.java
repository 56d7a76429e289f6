package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Makes sure that a proxy intercepts every method that carries an annotation, instead of passing it by in silence.
 */
final class ProxyReach {

    private final LimitedType type;

    private final Class<?> proxyClass;

    ProxyReach(LimitedType type, Class<?> proxyClass) {
        this.type = type;
        this.proxyClass = proxyClass;
    }

    /**
     * Checks all limited methods.
     *
     * @throws LimitConfigurationException if a call could pass the proxy by
     */
    void check() {
        this.type.methods().forEach(Proxy.isProxyClass(this.proxyClass) ? this::checkInterfaces : this::checkClass);
    }

    private void checkInterfaces(LimitedMethod limited) {
        boolean reached = Arrays.stream(this.proxyClass.getInterfaces())
                .flatMap((type) -> Arrays.stream(type.getMethods()))
                .anyMatch((method) -> limited.equals(this.type.find(method)));
        if (limited.annotated() && !reached) {
            throw new LimitConfigurationException(
                    "%s has no effect: the bean is a JDK proxy, and %s is not on any of its interfaces (%s)."
                            .formatted(
                                    limited.where(),
                                    Descriptions.signature(limited.method()),
                                    Arrays.stream(this.proxyClass.getInterfaces())
                                            .map(Class::getSimpleName)
                                            .collect(Collectors.joining(", "))),
                    "Declare the method on an interface, or let the class be proxied:"
                            + " 'spring.aop.proxy-target-class=true', and a class that is not final.");
        }
    }

    private void checkClass(LimitedMethod limited) {
        Method method = limited.method();
        if (Modifier.isFinal(method.getModifiers()) && mustBeReached(limited)) {
            throw new LimitConfigurationException(
                    "%s has no effect: %s is final, so no proxy can intercept it."
                            .formatted(limited.where(), Descriptions.of(method)),
                    "Remove 'final', or use the Limiter in the method's body.");
        }
        if (limited.annotated() && isHidden(method)) {
            throw new LimitConfigurationException(
                    "%s has no effect: the proxy %s cannot see the method."
                            .formatted(limited.where(), this.proxyClass.getName()),
                    "Make it public or protected.");
        }
    }

    // of a type that carries an annotation only its own public methods count: what it inherits from a framework cannot
    // be changed
    private static boolean mustBeReached(LimitedMethod limited) {
        Method method = limited.method();
        return limited.annotated()
                || (Modifier.isPublic(method.getModifiers())
                        && !LimitAnnotations.nearestTo(method.getDeclaringClass())
                                .isEmpty());
    }

    private boolean isHidden(Method method) {
        Class<?> owner = method.getDeclaringClass();
        if (!owner.isAssignableFrom(this.proxyClass)) {
            return ReflectionUtils.findMethod(this.proxyClass, method.getName(), method.getParameterTypes()) == null;
        }
        boolean packagePrivate =
                (method.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED | Modifier.PRIVATE)) == 0;
        return packagePrivate
                && !(owner.getClassLoader() == this.proxyClass.getClassLoader()
                        && ClassUtils.getPackageName(owner).equals(ClassUtils.getPackageName(this.proxyClass)));
    }
}
