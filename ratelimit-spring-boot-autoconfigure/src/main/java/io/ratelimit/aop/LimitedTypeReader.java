package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.aop.support.AopUtils;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.util.ReflectionUtils;

/**
 * Reads which methods of a type of bean are limited, and how. Thread-safe.
 */
final class LimitedTypeReader {

    private final LimitDeclarations declarations;

    private final LimitedMethodReader methods;

    LimitedTypeReader(LimitDeclarations declarations, LimitedMethodReader methods) {
        this.declarations = declarations;
        this.methods = methods;
    }

    /**
     * Reads a type that carries annotations.
     *
     * @throws LimitConfigurationException if one of them cannot work
     */
    LimitedType read(BeanType type) {
        List<LimitAnnotation> onType = LimitAnnotations.nearestTo(typesOf(type));
        Map<Method, List<LimitAnnotation>> onMethods = new LinkedHashMap<>();
        methodsOf(type).forEach((method, declared) -> onMethods.put(method, LimitAnnotations.nearestTo(declared)));
        Set<String> fallbacks = fallbacks(onType, onMethods);
        List<LimitDeclaration> shared =
                onType.stream().map(this.declarations::declare).toList();
        Map<Method, LimitedMethod> limited = new LinkedHashMap<>();
        onMethods.forEach((method, own) -> {
            own.forEach((annotation) -> checkDeclaration(annotation, method));
            List<LimitDeclaration> all = new ArrayList<>();
            if (isCoveredByType(method) && !fallbacks.contains(method.getName())) {
                all.addAll(shared);
            }
            own.stream().map(this.declarations::declare).forEach(all::add);
            if (!all.isEmpty()) {
                limited.put(method, this.methods.read(method, type, all));
            }
        });
        if (limited.isEmpty() && !onType.isEmpty()) {
            throw new LimitConfigurationException(
                    "%s has no effect: the type has no method that a proxy can intercept."
                            .formatted(onType.get(0).where()),
                    "Remove the annotation, or put it on methods that other beans call.");
        }
        return new LimitedType(type, limited);
    }

    private static List<Class<?>> typesOf(BeanType type) {
        List<Class<?>> types = new ArrayList<>();
        if (type.targetClass() != null) {
            types.add(type.targetClass());
        }
        types.addAll(type.interfaces());
        return types;
    }

    /** Returns each method that can run, with itself and all it implements; the method itself comes first. */
    private static Map<Method, List<AnnotatedElement>> methodsOf(BeanType type) {
        Map<Method, List<AnnotatedElement>> methods = new LinkedHashMap<>();
        for (Class<?> owner : type.hierarchy()) {
            for (Method method : ReflectionUtils.getDeclaredMethods(owner)) {
                if (!method.isSynthetic()) {
                    Method specific = type.specific(method);
                    methods.computeIfAbsent(specific, (first) -> new ArrayList<>(List.of(first)))
                            .add(method);
                }
            }
        }
        return methods;
    }

    private static Set<String> fallbacks(List<LimitAnnotation> onType, Map<Method, List<LimitAnnotation>> onMethods) {
        Set<String> names = new HashSet<>();
        Stream.concat(onType.stream(), onMethods.values().stream().flatMap(List::stream))
                .map(LimitAnnotation::fallbackMethod)
                .forEach(names::add);
        return names;
    }

    private static boolean isCoveredByType(Method method) {
        return (method.getModifiers() & (Modifier.PRIVATE | Modifier.STATIC)) == 0
                && !ReflectionUtils.isObjectMethod(method)
                && !AopUtils.isFinalizeMethod(method)
                && !isBeanMethod(method);
    }

    private static boolean isBeanMethod(Method method) {
        return MergedAnnotations.from(method).isPresent(Bean.class);
    }

    private static void checkDeclaration(LimitAnnotation annotation, Method method) {
        if (Modifier.isPrivate(method.getModifiers())) {
            throw new LimitConfigurationException(
                    annotation.where() + " has no effect: the method is private, so no proxy can intercept it.",
                    "Make it public, or use the Limiter in its body.");
        }
        if (Modifier.isStatic(method.getModifiers())) {
            throw new LimitConfigurationException(
                    annotation.where() + " has no effect: the method is static, so no proxy can intercept it.",
                    "Make it an instance method of a bean, or use the Limiter in its body.");
        }
        if (isBeanMethod(method)) {
            throw new LimitConfigurationException(
                    annotation.where() + " would limit the creation of a bean, not the calls of its methods.",
                    "Put the annotation on the class of the bean or on its methods.");
        }
    }
}
