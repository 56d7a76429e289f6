package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * An attribute that holds for all annotations which acquire together: one of them gives it, or all the same.
 *
 * @param <T> the type of its value
 * @param name its name
 * @param value returns it; empty where an annotation does not give it
 */
record SharedAttribute<T>(String name, Function<LimitDeclaration, Optional<T>> value) {

    static final SharedAttribute<LimitPolicy> POLICY = new SharedAttribute<>(
            "policy",
            (declaration) ->
                    Optional.of(declaration.annotation().policy()).filter((policy) -> policy != LimitPolicy.INHERIT));

    static final SharedAttribute<Integer> PRIORITY = new SharedAttribute<>(
            "priority",
            (declaration) -> Optional.of(declaration.annotation().priority()).filter((priority) -> priority != 0));

    static final SharedAttribute<Duration> MAX_WAIT = new SharedAttribute<>("maxWait", LimitDeclaration::maxWait);

    static final SharedAttribute<String> FALLBACK_METHOD = new SharedAttribute<>(
            "fallbackMethod",
            (declaration) ->
                    Optional.of(declaration.annotation().fallbackMethod()).filter((method) -> !method.isEmpty()));

    /**
     * Returns what the annotations agree on; empty if none of them gives it.
     *
     * @param together the annotations that acquire together
     * @throws LimitConfigurationException if they give it differently
     */
    Optional<Given<T>> agreed(List<LimitDeclaration> together) {
        List<Given<T>> all = together.stream()
                .flatMap((declaration) -> this.value.apply(declaration).stream()
                        .map((given) -> new Given<>(given, declaration.annotation())))
                .toList();
        for (Given<T> other : all) {
            Given<T> first = all.get(0);
            if (!other.value().equals(first.value())) {
                throw new LimitConfigurationException(
                        "%s and %s acquire the resource '%s' together, but differ in '%s': '%s' and '%s'."
                                .formatted(
                                        first.by().where(),
                                        other.by().where(),
                                        together.get(0).resource(),
                                        this.name,
                                        first.value(),
                                        other.value()),
                        "Give it once, or give both the same.");
            }
        }
        return all.stream().findFirst();
    }

    /**
     * The value of an attribute.
     *
     * @param <T> its type
     * @param value the value
     * @param by the first annotation that gives it
     */
    record Given<T>(T value, LimitAnnotation by) {}
}
