package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Makes of the annotations that hold for a method what its calls acquire. Thread-safe.
 */
final class LimitedMethodReader {

    private final CallExpressionParser expressions;

    private final ResourceReferences references;

    private final AmountReader amounts;

    LimitedMethodReader(CallExpressionParser expressions, ResourceReferences references) {
        this.expressions = expressions;
        this.references = references;
        this.amounts = new AmountReader(expressions, references);
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
        ReturnType returnType = ReturnTypes.read(method, type, kinds, where);
        List<Acquisition> acquisitions =
                grouped(declarations, (declaration) -> List.of(declaration.resource(), declaration.key())).stream()
                        .map((together) -> acquisition(method, together))
                        .toList();
        return new LimitedMethod(
                method, acquisitions, fallbacks(method, type, declarations), annotated, returnType, where);
    }

    private Acquisition acquisition(Method method, List<LimitDeclaration> together) {
        LimitDeclaration first = together.get(0);
        AmountReader.check(together);
        LimitRequest request = request(together);
        this.references.add(ResourceReferences.ofMaxWait(first.annotation(), request));
        return new Acquisition(
                request,
                expression(first.key(), first.keyAttribute(), first.annotation(), method),
                together.stream()
                        .map((declaration) -> part(declaration, method))
                        .toList());
    }

    private Acquisition.Part part(LimitDeclaration declaration, Method method) {
        LimitAnnotation annotation = declaration.annotation();
        return new Acquisition.Part(
                annotation.kind(),
                expression(annotation.condition(), "condition", annotation, method),
                this.amounts.read(declaration, method));
    }

    private static LimitRequest request(List<LimitDeclaration> together) {
        LimitRequest plain = LimitRequest.of(together.get(0).resource());
        LimitRequest request = SharedAttribute.POLICY
                .agreed(together)
                .map((given) -> plain.policy(given.value()))
                .orElse(plain);
        request = with(SharedAttribute.PRIORITY, together, request::priority, "Give a number in that range.")
                .orElse(request);
        boolean neverWaits = request.policy() == LimitPolicy.REJECT || request.policy() == LimitPolicy.OBSERVE;
        String fix = neverWaits ? "Remove the 'maxWait', or use the policy BLOCK." : "Give a duration in that range.";
        return with(SharedAttribute.MAX_WAIT, together, request::maxWait, fix).orElse(request);
    }

    private static <T> Optional<LimitRequest> with(
            SharedAttribute<T> attribute, List<LimitDeclaration> together, Function<T, LimitRequest> copy, String fix) {
        return attribute.agreed(together).map((given) -> {
            try {
                return copy.apply(given.value());
            } catch (IllegalArgumentException ex) {
                throw AttributeReader.failure(given.by(), "is not possible: " + ex.getMessage(), fix);
            }
        });
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
            SharedAttribute.FALLBACK_METHOD
                    .agreed(together)
                    .ifPresent((given) ->
                            fallbacks.put(together.get(0).resource(), FallbackMethod.find(given.by(), method, type)));
        }
        return fallbacks;
    }

    private static <K> Collection<List<LimitDeclaration>> grouped(
            List<LimitDeclaration> declarations, Function<LimitDeclaration, K> key) {
        return declarations.stream()
                .collect(Collectors.groupingBy(key, LinkedHashMap::new, Collectors.toList()))
                .values();
    }
}
