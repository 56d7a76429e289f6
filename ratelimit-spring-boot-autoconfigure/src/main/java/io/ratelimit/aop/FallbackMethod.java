package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitExceededException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * A method that answers in place of a refused call. Thread-safe.
 */
final class FallbackMethod {

    private final Method method;

    private final boolean takesRefusal;

    private FallbackMethod(Method method, boolean takesRefusal) {
        ReflectionUtils.makeAccessible(method);
        this.method = method;
        this.takesRefusal = takesRefusal;
    }

    /**
     * Finds the fallback of a limited method, in its class, then above it; one that takes the refusal before one that does not.
     *
     * @param annotation the annotation that names the fallback
     * @param limited the method that it stands in for
     * @param type the type of the bean
     * @throws LimitConfigurationException if there is none that fits
     */
    static FallbackMethod find(LimitAnnotation annotation, Method limited, BeanType type) {
        List<Method> named = type.hierarchy().stream()
                .flatMap((owner) -> Arrays.stream(ReflectionUtils.getDeclaredMethods(owner)))
                .filter((method) -> method.getName().equals(annotation.fallbackMethod()))
                .filter((method) -> !method.isSynthetic() && !Modifier.isAbstract(method.getModifiers()))
                .distinct()
                .toList();
        Signature wanted = new Signature(limited, type);
        return named.stream()
                .filter((method) -> wanted.fits(method, true))
                .findFirst()
                .map((method) -> new FallbackMethod(method, true))
                .or(() -> named.stream()
                        .filter((method) -> !method.equals(limited) && wanted.fits(method, false))
                        .findFirst()
                        .map((method) -> new FallbackMethod(method, false)))
                .orElseThrow(() -> wanted.failure(annotation, named));
    }

    /** Answers a refused call. What the method throws comes out as it is. */
    @Nullable
    Object answer(MethodInvocation invocation, LimitExceededException refusal) throws Throwable {
        @Nullable Object[] arguments = invocation.getArguments();
        if (this.takesRefusal) {
            arguments = Arrays.copyOf(arguments, arguments.length + 1);
            arguments[arguments.length - 1] = refusal;
        }
        try {
            return this.method.invoke(receiver(invocation), arguments);
        } catch (InvocationTargetException ex) {
            throw ex.getTargetException();
        }
    }

    private @Nullable Object receiver(MethodInvocation invocation) {
        if (Modifier.isStatic(this.method.getModifiers())) {
            return null;
        }
        // a private method must not run on a proxy, whose fields are empty
        Object target = invocation.getThis();
        for (Object inner = target; inner != null; inner = AopProxyUtils.getSingletonTarget(inner)) {
            target = inner;
        }
        if (this.method.getDeclaringClass().isInstance(target)) {
            return target;
        }
        return ((ProxyMethodInvocation) invocation).getProxy();
    }

    /**
     * What a fallback must look like.
     *
     * @param limited the method that it stands in for
     * @param type the type of the bean, which resolves type variables
     */
    private record Signature(Method limited, BeanType type) {

        boolean fits(Method method, boolean takesRefusal) {
            List<Class<?>> parameters = parameters(method);
            int count = this.limited.getParameterCount();
            if (parameters.size() != count + (takesRefusal ? 1 : 0)) {
                return false;
            }
            return (!takesRefusal || parameters.get(count).isAssignableFrom(LimitExceededException.class))
                    && parameters.subList(0, count).equals(parameters(this.limited))
                    && returnsAsMuch(method);
        }

        private boolean returnsAsMuch(Method method) {
            Class<?> wanted = returnType(this.limited);
            return wanted == void.class || ClassUtils.isAssignable(wanted, returnType(method));
        }

        private List<Class<?>> parameters(Method method) {
            return IntStream.range(0, method.getParameterCount())
                    .<Class<?>>mapToObj((index) -> resolve(
                            ResolvableType.forMethodParameter(method, index, implementation(method)),
                            method.getParameterTypes()[index]))
                    .toList();
        }

        private Class<?> returnType(Method method) {
            return resolve(ResolvableType.forMethodReturnType(method, implementation(method)), method.getReturnType());
        }

        private static Class<?> resolve(ResolvableType type, Class<?> declared) {
            Class<?> resolved = type.resolve();
            return (resolved != null) ? resolved : declared;
        }

        private Class<?> implementation(Method method) {
            Class<?> target = this.type.targetClass();
            return (target != null && method.getDeclaringClass().isAssignableFrom(target))
                    ? target
                    : method.getDeclaringClass();
        }

        LimitConfigurationException failure(LimitAnnotation annotation, List<Method> named) {
            String found = named.isEmpty()
                    ? "there is no method of that name"
                    : "there is only "
                            + named.stream()
                                    .map((method) -> method.getReturnType().getSimpleName() + " "
                                            + Descriptions.signature(method))
                                    .collect(Collectors.joining(", "));
            return new LimitConfigurationException(
                    "The fallbackMethod '%s' of %s does not fit: %s."
                            .formatted(annotation.fallbackMethod(), annotation.where(), found),
                    "Declare '%s %s' in the same class, optionally with a LimitExceededException as last parameter."
                            .formatted(
                                    returnType(this.limited).getSimpleName(),
                                    Descriptions.signature(this.limited)
                                            .replaceFirst(
                                                    "^[^(]+",
                                                    java.util.regex.Matcher.quoteReplacement(
                                                            annotation.fallbackMethod()))));
        }
    }
}
