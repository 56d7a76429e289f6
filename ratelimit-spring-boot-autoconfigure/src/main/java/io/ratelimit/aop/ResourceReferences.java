package io.ratelimit.aop;

import io.ratelimit.Limit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitRequest.AmountOf;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
        List<ResourceDefinition> definitions = this.resources.get().behind(reference.resource());
        if (definitions.isEmpty()) {
            throw unknown(reference);
        }
        reference.demand().accept(definitions);
    }

    /** Asks for a resource that has a limit of the annotation's kind. */
    static Reference ofLimits(String resource, LimitAnnotation annotation) {
        return Reference.ofEach(resource, annotation, (definition) -> {
            if (!definition.has(annotation.kind())) {
                throw withoutKind(annotation, definition);
            }
        });
    }

    /** Asks for a resource that says how long calls wait at most, if they wait and the request does not say it. */
    static Reference ofMaxWait(LimitAnnotation annotation, LimitRequest request) {
        return Reference.ofEach(request.resource(), annotation, (definition) -> {
            boolean inherited = request.policy() == LimitPolicy.INHERIT;
            LimitPolicy policy = inherited ? definition.policy() : request.policy();
            if (policy == LimitPolicy.BLOCK && request.maxWait() == null && definition.maxWait() == null) {
                throw withoutEnd(annotation, definition, inherited);
            }
        });
    }

    /**
     * Asks for a resource that has the limits which an amount counts for, and for room for it if it is always the same: in one member of a
     * pool at least.
     */
    static Reference ofAmount(String resource, LimitAnnotation annotation, AmountOf of, OptionalLong constant) {
        return new Reference(resource, annotation, (definitions) -> {
            for (ResourceDefinition definition : definitions) {
                if (of.limitName() != null && definition.limits().stream().noneMatch(of::isAbout)) {
                    throw withoutLimit(annotation, definition, of);
                }
            }
            List<Optional<Limit>> tooSmall = definitions.stream()
                    .map((definition) -> definition.limits().stream()
                            .filter(of::isAbout)
                            .filter((limit) -> constant.orElse(0) > limit.capacity())
                            .findFirst())
                    .toList();
            if (tooSmall.stream().allMatch(Optional::isPresent)) {
                throw aboveCapacity(annotation, resource, tooSmall.get(0).orElseThrow(), constant.orElseThrow());
            }
        });
    }

    private LimitConfigurationException unknown(Reference reference) {
        LimitAnnotation annotation = reference.annotation();
        ResourceRegistry registry = this.resources.get();
        String known = Stream.concat(
                        registry.all().stream().map(ResourceDefinition::name),
                        registry.pools().stream().map((pool) -> "%s (a pool)".formatted(pool.name())))
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

    private static LimitConfigurationException withoutLimit(
            LimitAnnotation annotation, ResourceDefinition definition, AmountOf of) {
        String limits = definition.limits().stream()
                .filter((limit) -> limit.kind() == annotation.kind())
                .map((limit) -> "'" + limit.name() + "'")
                .collect(Collectors.joining(", "));
        boolean otherKind =
                definition.limits().stream().anyMatch((limit) -> limit.name().equals(of.limitName()));
        return AttributeReader.failure(
                annotation,
                "has the amountOf '%s', but the resource '%s' has no such %s%s. It has: %s"
                        .formatted(
                                of.limitName(),
                                definition.name(),
                                nameOf(annotation.kind()),
                                otherKind ? "; that is a " + nameOf(otherThan(annotation.kind())) : "",
                                limits),
                "Name one of those.");
    }

    private static LimitConfigurationException aboveCapacity(
            LimitAnnotation annotation, String resource, Limit limit, long amount) {
        return AttributeReader.failure(
                annotation,
                "has the amount %d, which is above the capacity %d of the limit '%s' of '%s', so that no call can ever be granted"
                        .formatted(amount, limit.capacity(), limit.name(), resource),
                "Lower the amount, or raise the limit.");
    }

    private static LimitKind otherThan(LimitKind kind) {
        return (kind == LimitKind.RATE) ? LimitKind.CONCURRENCY : LimitKind.RATE;
    }

    private static String nameOf(LimitKind kind) {
        return kind.name().toLowerCase(Locale.ROOT) + " limit";
    }

    /**
     * A resource that an annotation names, and what it asks of it.
     *
     * @param resource the name of the resource or pool
     * @param annotation the annotation
     * @param demand throws a {@link LimitConfigurationException} if the resource, or the members of the pool, do not have what it takes
     */
    record Reference(String resource, LimitAnnotation annotation, Consumer<List<ResourceDefinition>> demand) {

        static Reference ofEach(String resource, LimitAnnotation annotation, Consumer<ResourceDefinition> demand) {
            return new Reference(resource, annotation, (definitions) -> definitions.forEach(demand));
        }
    }
}
