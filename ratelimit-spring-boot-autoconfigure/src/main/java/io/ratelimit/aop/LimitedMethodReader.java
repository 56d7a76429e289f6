package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes of the annotations that hold for a method what its calls acquire. Thread-safe.
 */
final class LimitedMethodReader {

    private final CallExpressionParser expressions;

    LimitedMethodReader(CallExpressionParser expressions) {
        this.expressions = expressions;
    }

    /**
     * Reads a method.
     *
     * @param method the method that runs
     * @param type the type of its bean
     * @param declarations the annotations that hold for it, in order, at least one
     * @throws LimitConfigurationException if they contradict each other or cannot work
     */
    LimitedMethod read(Method method, BeanType type, List<LimitDeclaration> declarations) {
        boolean annotated = declarations.stream()
                .anyMatch((declaration) -> !declaration.annotation().isOnType());
        String where = declarations.get(declarations.size() - 1).annotation().where();
        Set<LimitKind> kinds = EnumSet.noneOf(LimitKind.class);
        declarations.forEach((declaration) -> kinds.add(declaration.annotation().kind()));
        ReturnTypes.check(method, type, kinds, where);
        List<Acquisition> acquisitions =
                grouped(declarations, (declaration) -> List.of(declaration.resource(), declaration.key())).stream()
                        .map((together) -> acquisition(method, together))
                        .toList();
        return new LimitedMethod(
                method,
                acquisitions,
                fallbacks(method, type, declarations),
                annotated,
                ReturnTypes.isOpaque(method, type),
                where);
    }

    private Acquisition acquisition(Method method, List<LimitDeclaration> together) {
        LimitDeclaration first = together.get(0);
        LimitDeclaration policy = agreed(
                together, "policy", (declaration) -> declaration.annotation().policy(), LimitPolicy.INHERIT);
        return new Acquisition(
                first.resource(),
                expression(first.key(), first.keyAttribute(), first.annotation(), method),
                (policy != null) ? policy.annotation().policy() : LimitPolicy.INHERIT,
                together.stream()
                        .map(LimitDeclaration::annotation)
                        .map((annotation) -> new Acquisition.Part(
                                annotation.kind(), expression(annotation.condition(), "condition", annotation, method)))
                        .toList());
    }

    private @Nullable CallExpression expression(
            String text, String attribute, LimitAnnotation annotation, Method method) {
        return text.isEmpty() ? null : this.expressions.parse(text, attribute, annotation, method);
    }

    // a refusal names the resource and not the key, so there is one fallback for a resource
    private static Map<String, FallbackMethod> fallbacks(
            Method method, BeanType type, List<LimitDeclaration> declarations) {
        Map<String, FallbackMethod> fallbacks = new LinkedHashMap<>();
        for (List<LimitDeclaration> together : grouped(declarations, LimitDeclaration::resource)) {
            LimitDeclaration chosen = agreed(
                    together,
                    "fallbackMethod",
                    (declaration) -> declaration.annotation().fallbackMethod(),
                    "");
            if (chosen != null) {
                fallbacks.put(chosen.resource(), FallbackMethod.find(chosen.annotation(), method, type));
            }
        }
        return fallbacks;
    }

    private static <K> Collection<List<LimitDeclaration>> grouped(
            List<LimitDeclaration> declarations, Function<LimitDeclaration, K> key) {
        return declarations.stream()
                .collect(Collectors.groupingBy(key, LinkedHashMap::new, Collectors.toList()))
                .values();
    }

    /** Returns the first that gives an attribute; {@code null} if none does. Others may leave it out or say the same. */
    private static <T> @Nullable LimitDeclaration agreed(
            List<LimitDeclaration> together, String attribute, Function<LimitDeclaration, T> value, T unset) {
        List<LimitDeclaration> given = together.stream()
                .filter((declaration) -> !value.apply(declaration).equals(unset))
                .toList();
        for (LimitDeclaration other : given) {
            LimitDeclaration first = given.get(0);
            if (!value.apply(other).equals(value.apply(first))) {
                throw new LimitConfigurationException(
                        "%s and %s acquire the resource '%s' together, but differ in '%s': '%s' and '%s'."
                                .formatted(
                                        first.annotation().where(),
                                        other.annotation().where(),
                                        first.resource(),
                                        attribute,
                                        value.apply(first),
                                        value.apply(other)),
                        "Give it once, or give both the same.");
            }
        }
        return given.isEmpty() ? null : given.get(0);
    }
}
