package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The resources that annotations name without defining them, and what they ask of them. Beans come in any order, and a later one may define inline what an
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
     * @throws LimitConfigurationException if a resource is not known or lacks what an annotation asks of it
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
        ResourceDefinition definition =
                this.resources.get().find(reference.resource()).orElseThrow(() -> unknown(reference));
        reference.demand().accept(definition);
    }

    /** Asks for a resource that has a limit of the annotation's kind. */
    static Reference ofLimits(String resource, LimitAnnotation annotation) {
        return new Reference(resource, annotation, (definition) -> {
            if (!definition.has(annotation.kind())) {
                throw withoutKind(annotation, definition);
            }
        });
    }

    /** Asks for a resource that says how long calls wait at most, if they wait and the request does not say it. */
    static Reference ofMaxWait(LimitAnnotation annotation, LimitRequest request) {
        return new Reference(request.resource(), annotation, (definition) -> {
            boolean inherited = request.policy() == LimitPolicy.INHERIT;
            LimitPolicy policy = inherited ? definition.policy() : request.policy();
            if (policy == LimitPolicy.BLOCK && request.maxWait() == null && definition.maxWait() == null) {
                throw withoutEnd(annotation, definition, inherited);
            }
        });
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

    private static LimitConfigurationException withoutKind(LimitAnnotation annotation, ResourceDefinition definition) {
        String limits = definition.limits().stream()
                .map((limit) -> nameOf(limit.kind()) + " '" + limit.name() + "'")
                .collect(Collectors.joining(", "));
        return new LimitConfigurationException(
                "%s names the resource '%s', which has no %s. It has: %s."
                        .formatted(annotation.where(), definition.name(), nameOf(annotation.kind()), limits),
                "Use @%s, or add a limit under 'ratelimit.resources.%s.%s'."
                        .formatted(
                                (annotation.kind() == LimitKind.RATE) ? "ConcurrencyLimited" : "RateLimited",
                                definition.name(),
                                (annotation.kind() == LimitKind.RATE) ? "rate" : "concurrency"));
    }

    private static LimitConfigurationException withoutEnd(
            LimitAnnotation annotation, ResourceDefinition definition, boolean inherited) {
        return new LimitConfigurationException(
                "%s makes calls wait without an end: the policy%s is BLOCK, and neither the annotation nor the resource '%s' has a max wait."
                        .formatted(annotation.where(), inherited ? " of the resource" : "", definition.name()),
                "Give the annotation a 'maxWait', such as \"5s\", the resource a 'max-wait', or set 'ratelimit.defaults.max-wait'.");
    }

    private static String nameOf(LimitKind kind) {
        return kind.name().toLowerCase(Locale.ROOT) + " limit";
    }

    /**
     * A resource that an annotation names, and what it asks of it.
     *
     * @param resource the name of the resource
     * @param annotation the annotation
     * @param demand throws a {@link LimitConfigurationException} if the resource does not have what it takes
     */
    record Reference(String resource, LimitAnnotation annotation, Consumer<ResourceDefinition> demand) {}
}
