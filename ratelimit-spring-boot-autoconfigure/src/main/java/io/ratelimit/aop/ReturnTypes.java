package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.aop.ReturnType.Shape;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.http.HttpEntity;
import org.springframework.scheduling.annotation.Async;
import org.springframework.util.ClassUtils;

/**
 * Knows the return types whose work goes on after the method has returned, and refuses those of whose end nobody tells. Types that
 * may be missing at run time are known by name.
 */
final class ReturnTypes {

    private static final boolean REACTOR =
            ClassUtils.isPresent("reactor.core.publisher.Flux", ReturnTypes.class.getClassLoader());

    private static final Set<String> REACTIVE = Set.of(
            "org.reactivestreams.Publisher",
            "java.util.concurrent.Flow$Publisher",
            "kotlinx.coroutines.flow.Flow",
            "kotlinx.coroutines.Deferred");

    private static final Set<String> UNTIL_RESPONSE = Set.of(
            "java.util.concurrent.Callable",
            "org.springframework.web.context.request.async.WebAsyncTask",
            "org.springframework.web.context.request.async.DeferredResult",
            "org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody",
            "org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter",
            "org.springframework.web.servlet.function.ServerResponse",
            "org.springframework.web.reactive.function.server.ServerResponse");

    private static final Set<String> ENDLESS = Set.of("java.util.concurrent.Future", "java.util.stream.BaseStream");

    private static final Set<String> ENTITY = Set.of("org.springframework.http.HttpEntity");

    private static final String CONTINUATION = "kotlin.coroutines.Continuation";

    private ReturnTypes() {}

    /**
     * Reads the return type of a method, at startup.
     *
     * @param method the method
     * @param type the type of its bean, which resolves type variables
     * @param kinds the kinds of limits that its calls acquire
     * @param where the annotation, for the message
     * @throws LimitConfigurationException if it is a Kotlin suspend function, or nobody would tell when its slots are free
     */
    static ReturnType read(Method method, BeanType type, Collection<LimitKind> kinds, String where) {
        if (isSuspending(method)) {
            throw new LimitConfigurationException(
                    "%s cannot work: %s is a Kotlin suspend function, which is not supported."
                            .formatted(where, Descriptions.of(method)),
                    "Limit a function that returns a Mono, a Flux or a Flow, or use the Limiter in its body.");
        }
        ResolvableType returned = returned(method, type);
        Class<?> raw = returned.resolve(Object.class);
        Shape shape = shape(raw, method);
        if (shape == Shape.PUBLISHER && !isKnown(raw)) {
            throw new LimitConfigurationException(
                    "%s cannot work: %s returns a %s, and what knows of its subscriptions is missing."
                            .formatted(where, Descriptions.of(method), raw.getSimpleName()),
                    "Add 'io.projectreactor:reactor-core', and for Kotlin 'org.jetbrains.kotlinx:kotlinx-coroutines-reactor', to the application.");
        }
        boolean slots = kinds.contains(LimitKind.CONCURRENCY);
        ResolvableType value = value(returned, raw);
        if (slots) {
            endless(value, isReactive(raw) || CompletionStage.class.isAssignableFrom(raw))
                    .ifPresent((endless) -> {
                        throw new LimitConfigurationException(
                                "%s cannot work: %s returns a %s, and nobody tells when its work ends."
                                        .formatted(where, Descriptions.of(method), endless),
                                "Return the result itself, a CompletableFuture or a Mono, or use the Limiter in the method's body.");
                    });
        }
        boolean opaque = raw == Object.class || isOpaqueEntity(returned, raw);
        return new ReturnType(raw, shape, slots && isUntilResponse(value), slots && opaque);
    }

    private static Shape shape(Class<?> raw, Method method) {
        if (CompletionStage.class.isAssignableFrom(raw)) {
            // the thread of an asynchronous method is there to wait, and other subtypes cannot be made here
            boolean wait = isAsynchronous(method) || !raw.isAssignableFrom(CompletableFuture.class);
            return wait ? Shape.PLAIN : Shape.STAGE;
        }
        return isReactive(raw) ? Shape.PUBLISHER : Shape.PLAIN;
    }

    private static boolean isAsynchronous(Method method) {
        return AnnotatedElementUtils.hasAnnotation(method, Async.class)
                || AnnotatedElementUtils.hasAnnotation(method.getDeclaringClass(), Async.class);
    }

    /** Returns what the work comes to. */
    private static ResolvableType value(ResolvableType returned, Class<?> raw) {
        if (CompletionStage.class.isAssignableFrom(raw)) {
            return returned.as(CompletionStage.class).getGeneric();
        }
        return isReactive(raw) ? returned.getGeneric() : returned;
    }

    /**
     * Returns whether what a method with an opaque return type has returned works on until the response has ended.
     *
     * @throws IllegalStateException if nobody would tell when its slots are free
     */
    static boolean isUntilResponse(@Nullable Object value, String where) {
        boolean entity = value != null && isNamed(value.getClass(), ENTITY);
        Object result = (value != null && entity) ? Entity.body(value) : value;
        if (result == null) {
            return false;
        }
        ResolvableType type = ResolvableType.forClass(result.getClass());
        endless(type, !entity).ifPresent((endless) -> {
            throw new IllegalStateException(
                    "%s cannot hold its slots: the call returned a %s behind another type, and nobody tells when its work ends. Declare the type, or return the result itself or a CompletableFuture."
                            .formatted(where, endless));
        });
        return isNamed(result.getClass(), UNTIL_RESPONSE) || isReactive(result.getClass());
    }

    private static ResolvableType returned(Method method, BeanType type) {
        Class<?> target = type.targetClass();
        return (target != null && method.getDeclaringClass().isAssignableFrom(target))
                ? ResolvableType.forMethodReturnType(method, target)
                : ResolvableType.forMethodReturnType(method);
    }

    /** Finds a type of whose end nobody tells: it may be the body of an entity, and within another type a reactive one. */
    private static Optional<String> endless(ResolvableType value, boolean nested) {
        Class<?> type = value.resolve(Object.class);
        if (isNamed(type, ENTITY)) {
            return endless(body(value), false);
        }
        boolean reactive = isReactive(type) || CompletionStage.class.isAssignableFrom(type);
        boolean endless = reactive ? nested || !isKnown(type) : isNamed(type, ENDLESS);
        return endless ? Optional.of(type.getSimpleName()) : Optional.empty();
    }

    private static boolean isUntilResponse(ResolvableType value) {
        Class<?> type = value.resolve(Object.class);
        if (isNamed(type, ENTITY)) {
            Class<?> body = body(value).resolve(Object.class);
            return isNamed(body, UNTIL_RESPONSE) || isReactive(body) || CompletionStage.class.isAssignableFrom(body);
        }
        return isNamed(type, UNTIL_RESPONSE);
    }

    private static boolean isOpaqueEntity(ResolvableType returned, Class<?> raw) {
        return isNamed(raw, ENTITY) && body(returned).resolve(Object.class) == Object.class;
    }

    private static boolean isReactive(Class<?> type) {
        return !CompletionStage.class.isAssignableFrom(type)
                && (isNamed(type, REACTIVE)
                        || ReactiveAdapterRegistry.getSharedInstance().getAdapter(type) != null);
    }

    /** Returns whether its end can be heard of. */
    private static boolean isKnown(Class<?> type) {
        return CompletionStage.class.isAssignableFrom(type)
                || (REACTOR && ReactiveAdapterRegistry.getSharedInstance().getAdapter(type) != null);
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
