package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The resources that annotations name without defining them. Beans come in any order, and a later one may define inline what an
 * earlier one names, so nothing is missing before all beans are there. Thread-safe.
 */
final class ResourceReferences {

    private final Supplier<ResourceRegistry> resources;

    private final Queue<Reference> open = new ConcurrentLinkedQueue<>();

    private volatile boolean allBeansAreThere;

    ResourceReferences(Supplier<ResourceRegistry> resources) {
        this.resources = resources;
    }

    void add(Reference reference) {
        this.open.add(reference);
        if (this.allBeansAreThere) {
            check();
        }
    }

    /**
     * Checks what has been added, and from now on everything at once.
     *
     * @throws LimitConfigurationException if a resource is not known or has no limit of the annotation's kind
     */
    void checkAll() {
        this.allBeansAreThere = true;
        check();
    }

    private void check() {
        for (Reference reference = this.open.poll(); reference != null; reference = this.open.poll()) {
            check(reference);
        }
    }

    private void check(Reference reference) {
        Optional<ResourceDefinition> definition = this.resources.get().find(reference.resource());
        if (definition.isEmpty()) {
            throw unknown(reference);
        }
        if (!definition.get().has(reference.annotation().kind())) {
            throw withoutKind(reference, definition.get());
        }
    }

    private LimitConfigurationException unknown(Reference reference) {
        LimitAnnotation annotation = reference.annotation();
        String known = this.resources.get().all().stream()
                .map(ResourceDefinition::name)
                .collect(Collectors.collectingAndThen(
                        Collectors.joining(", "), (names) -> names.isEmpty() ? "none" : names));
        if (annotation.text("name").isEmpty()) {
            return new LimitConfigurationException(
                    "%s has neither a 'name' nor an inline 'limit', and there is no resource named '%s'. Known resources: %s."
                            .formatted(annotation.where(), reference.resource(), known),
                    "Name a resource, or give an inline 'limit'.");
        }
        return new LimitConfigurationException(
                "%s names the resource '%s', which is not known. Known resources: %s."
                        .formatted(annotation.where(), reference.resource(), known),
                "Correct the name, define the resource under 'ratelimit.resources.%s', or give the annotation an inline 'limit'."
                        .formatted(reference.resource()));
    }

    private static LimitConfigurationException withoutKind(Reference reference, ResourceDefinition definition) {
        String limits = definition.limits().stream()
                .map((limit) -> nameOf(limit.kind()) + " '" + limit.name() + "'")
                .collect(Collectors.joining(", "));
        return new LimitConfigurationException(
                "%s names the resource '%s', which has no %s. It has: %s."
                        .formatted(
                                reference.annotation().where(),
                                reference.resource(),
                                nameOf(reference.annotation().kind()),
                                limits),
                "Use @%s, or add a limit under 'ratelimit.resources.%s.%s'."
                        .formatted(
                                (reference.annotation().kind() == LimitKind.RATE)
                                        ? "ConcurrencyLimited"
                                        : "RateLimited",
                                reference.resource(),
                                (reference.annotation().kind() == LimitKind.RATE) ? "rate" : "concurrency"));
    }

    private static String nameOf(LimitKind kind) {
        return kind.name().toLowerCase(Locale.ROOT) + " limit";
    }

    /**
     * A resource that an annotation names.
     *
     * @param resource the name of the resource
     * @param annotation the annotation
     */
    record Reference(String resource, LimitAnnotation annotation) {}
}
