package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.ResolvableType;
import org.springframework.http.HttpEntity;

/**
 * Knows the return types whose work goes on after the method has returned, and refuses those for which a slot would be freed too
 * early. Types that may be missing at run time are known by name.
 */
final class ReturnTypes {

    private static final Set<String> REACTIVE = Set.of(
            "org.reactivestreams.Publisher",
            "java.util.concurrent.Flow$Publisher",
            "kotlinx.coroutines.flow.Flow",
            "kotlinx.coroutines.Deferred");

    private static final Set<String> ASYNCHRONOUS = Set.of(
            "java.util.concurrent.Future",
            "java.util.concurrent.Callable",
            "org.springframework.web.context.request.async.WebAsyncTask",
            "org.springframework.web.context.request.async.DeferredResult",
            "org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody",
            "org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter");

    private static final Set<String> ENTITY = Set.of("org.springframework.http.HttpEntity");

    private static final String CONTINUATION = "kotlin.coroutines.Continuation";

    private ReturnTypes() {}

    /**
     * Checks a method at startup.
     *
     * @param method the method
     * @param type the type of its bean, which resolves type variables
     * @param kinds the kinds of limits that its calls acquire
     * @param where the annotation, for the message
     * @throws LimitConfigurationException if it is a Kotlin suspend function or its slots would be freed too early
     */
    static void check(Method method, BeanType type, Collection<LimitKind> kinds, String where) {
        if (isSuspending(method)) {
            throw new LimitConfigurationException(
                    "%s cannot work: %s is a Kotlin suspend function, which is not supported."
                            .formatted(where, Descriptions.of(method)),
                    "Limit a function that is not suspending, or use the Limiter in its body.");
        }
        endless(returned(method, type), kinds).ifPresent((returned) -> {
            throw new LimitConfigurationException(
                    "%s cannot work: %s returns a %s, whose work goes on after the method has returned."
                            .formatted(where, Descriptions.of(method), returned),
                    "Return the result itself or a CompletableFuture, or use the Limiter in the method's body.");
        });
    }

    /** Returns whether the declared type hides what a call returns, so that each value must be checked. */
    static boolean isOpaque(Method method, BeanType type) {
        Class<?> returned = returned(method, type).resolve(Object.class);
        return returned == Object.class || isNamed(returned, ENTITY);
    }

    /**
     * Checks a value that a method with an opaque return type has returned.
     *
     * @throws IllegalStateException if its slots would be freed too early
     */
    static void checkValue(@Nullable Object value, Collection<LimitKind> kinds, String where) {
        Object result = (value != null && isNamed(value.getClass(), ENTITY)) ? Entity.body(value) : value;
        if (result == null) {
            return;
        }
        endless(ResolvableType.forClass(result.getClass()), kinds).ifPresent((returned) -> {
            throw new IllegalStateException(
                    "%s cannot hold its slots: the call returned a %s, whose work goes on after the method has returned. Return the result itself or a CompletableFuture."
                            .formatted(where, returned));
        });
    }

    private static ResolvableType returned(Method method, BeanType type) {
        Class<?> target = type.targetClass();
        return (target != null && method.getDeclaringClass().isAssignableFrom(target))
                ? ResolvableType.forMethodReturnType(method, target)
                : ResolvableType.forMethodReturnType(method);
    }

    private static Optional<String> endless(ResolvableType returned, Collection<LimitKind> kinds) {
        Class<?> type = returned.resolve(Object.class);
        if (CompletionStage.class.isAssignableFrom(type)) {
            return endless(returned.as(CompletionStage.class).getGeneric(), kinds);
        }
        if (isReactive(type) || (kinds.contains(LimitKind.CONCURRENCY) && isNamed(type, ASYNCHRONOUS))) {
            return Optional.of(type.getSimpleName());
        }
        return isNamed(type, ENTITY) ? endless(body(returned), kinds) : Optional.empty();
    }

    private static boolean isReactive(Class<?> type) {
        return isNamed(type, REACTIVE)
                || ReactiveAdapterRegistry.getSharedInstance().getAdapter(type) != null;
    }

    private static ResolvableType body(ResolvableType entity) {
        ResolvableType type = entity;
        while (!ENTITY.contains(type.resolve(Object.class).getName())) {
            type = type.getSuperType();
        }
        return type.getGeneric();
    }

    private static boolean isSuspending(Method method) {
        Class<?>[] parameters = method.getParameterTypes();
        return parameters.length > 0
                && parameters[parameters.length - 1].getName().equals(CONTINUATION);
    }

    private static boolean isNamed(@Nullable Class<?> type, Set<String> names) {
        if (type == null) {
            return false;
        }
        if (names.contains(type.getName()) || isNamed(type.getSuperclass(), names)) {
            return true;
        }
        for (Class<?> implemented : type.getInterfaces()) {
            if (isNamed(implemented, names)) {
                return true;
            }
        }
        return false;
    }

    /** Loaded only where there is such a class. */
    private static final class Entity {

        static @Nullable Object body(Object entity) {
            return ((HttpEntity<?>) entity).getBody();
        }
    }
}
