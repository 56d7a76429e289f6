package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.lang.annotation.Annotation;
import java.lang.annotation.Repeatable;
import java.lang.reflect.AnnotatedElement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.annotation.AnnotationConfigurationException;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
import org.springframework.util.ConcurrentReferenceHashMap;
import org.springframework.util.ReflectionUtils;

/**
 * Finds the annotations of types and methods. Thread-safe.
 */
final class LimitAnnotations {

    private static final Log logger = LogFactory.getLog(LimitAnnotations.class);

    // most beans have none: remembered per class, because base classes and interfaces are shared
    private final Map<Class<?>, Boolean> declaring = new ConcurrentReferenceHashMap<>();

    /** Returns whether any of the types, or a method that one of them declares, carries an annotation. */
    boolean areDeclaredIn(Iterable<Class<?>> types) {
        for (Class<?> type : types) {
            if (this.declaring.computeIfAbsent(type, LimitAnnotations::isDeclaredIn)) {
                return true;
            }
        }
        return false;
    }

    /** Returns the annotations that hold for several declarations of the same thing; the first that has one of a kind wins. */
    static List<LimitAnnotation> nearestTo(Collection<? extends AnnotatedElement> elements) {
        List<LimitAnnotation> all = new ArrayList<>();
        for (AnnotatedElement element : elements) {
            List<LimitAnnotation> more = nearestTo(element);
            Set<LimitKind> known = all.stream().map(LimitAnnotation::kind).collect(Collectors.toSet());
            more.stream()
                    .filter((annotation) -> !known.contains(annotation.kind()))
                    .forEach(all::add);
        }
        return all;
    }

    /**
     * Returns the annotations that hold for an element, in the order declared: of each kind those that stand nearest, on the
     * element itself or else on what it overrides, extends or implements.
     */
    static List<LimitAnnotation> nearestTo(AnnotatedElement element) {
        MergedAnnotations annotations =
                MergedAnnotations.search(SearchStrategy.TYPE_HIERARCHY).from(element);
        try {
            return Stream.concat(
                            nearest(annotations, RateLimited.class, LimitKind.RATE),
                            nearest(annotations, ConcurrencyLimited.class, LimitKind.CONCURRENCY))
                    .sorted(Comparator.comparingInt(LimitAnnotations::distance)
                            .thenComparingInt(LimitAnnotations::position))
                    .toList();
        } catch (AnnotationConfigurationException ex) {
            throw new LimitConfigurationException(
                    "An annotation on or above '%s' contradicts itself: %s".formatted(element, ex.getMessage()),
                    "Give only one of 'value' and 'name'.");
        }
    }

    private static Stream<LimitAnnotation> nearest(
            MergedAnnotations annotations, Class<? extends Annotation> type, LimitKind kind) {
        List<? extends MergedAnnotation<?>> all = annotations.stream(type).toList();
        int nearest =
                all.stream().mapToInt(MergedAnnotation::getAggregateIndex).min().orElse(0);
        return all.stream()
                .filter((annotation) -> annotation.getAggregateIndex() == nearest)
                .map((annotation) -> new LimitAnnotation(kind, annotation, sourceOf(annotation)));
    }

    private static AnnotatedElement sourceOf(MergedAnnotation<?> annotation) {
        return (AnnotatedElement) Objects.requireNonNull(annotation.getSource());
    }

    private static int distance(LimitAnnotation annotation) {
        return annotation.values().getAggregateIndex();
    }

    private static int position(LimitAnnotation annotation) {
        Class<?> root = annotation.values().getRoot().getType();
        Repeatable repeatable = root.getAnnotation(Repeatable.class);
        List<? extends Class<?>> declared = Arrays.stream(annotation.source().getDeclaredAnnotations())
                .map(Annotation::annotationType)
                .toList();
        int direct = declared.indexOf(root);
        return (direct >= 0 || repeatable == null) ? direct : declared.indexOf(repeatable.value());
    }

    private static boolean isDeclaredIn(Class<?> type) {
        if (isPresent(type)) {
            return true;
        }
        try {
            return Arrays.stream(ReflectionUtils.getDeclaredMethods(type)).anyMatch(LimitAnnotations::isPresent);
        } catch (IllegalStateException ex) {
            logger.warn("The methods of %s cannot be read, so limits that are declared on them do not apply: %s"
                    .formatted(type.getName(), NestedExceptionUtils.getMostSpecificCause(ex)));
            return false;
        }
    }

    private static boolean isPresent(AnnotatedElement element) {
        MergedAnnotations annotations = MergedAnnotations.from(element);
        return annotations.isPresent(RateLimited.class) || annotations.isPresent(ConcurrencyLimited.class);
    }
}
