package io.ratelimit.aop;

import io.ratelimit.Limit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.ResourceRegistry;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.springframework.util.ClassUtils;

/**
 * Finds or defines the resources that annotations name. Thread-safe.
 */
final class LimitDeclarations {

    private final ResourceRegistry resources;

    private final AttributeReader attributes;

    private final InlineLimitReader inlineLimits;

    private final ResourceReferences references;

    private final Map<String, AnnotatedElement> generatedNames = new ConcurrentHashMap<>();

    LimitDeclarations(ResourceRegistry resources, AttributeReader attributes, ResourceReferences references) {
        this.resources = resources;
        this.attributes = attributes;
        this.inlineLimits = new InlineLimitReader(attributes);
        this.references = references;
    }

    /**
     * Returns an annotation with its resource, which is defined if the annotation carries an inline limit.
     *
     * @throws LimitConfigurationException if the resource is not known or does not fit
     */
    LimitDeclaration declare(LimitAnnotation annotation) {
        String resource = nameOf(annotation);
        Optional<Limit> inline =
                this.inlineLimits.read(annotation, this.resources.defaults().lease());
        if (inline.isPresent()) {
            define(resource, inline.get(), annotation);
        } else {
            this.references.add(ResourceReferences.ofLimits(resource, annotation));
        }
        String key = annotation.key();
        if (key.isEmpty()) {
            key = configuredKey(resource, annotation);
        }
        return new LimitDeclaration(annotation, resource, key, this.attributes.duration(annotation, "maxWait"));
    }

    private String configuredKey(String resource, LimitAnnotation annotation) {
        List<String> keys = this.resources.behind(resource).stream()
                .flatMap((definition) -> Stream.ofNullable(definition.key()))
                .distinct()
                .toList();
        if (keys.size() > 1) {
            throw AttributeReader.failure(
                    annotation,
                    "names the pool '%s', whose members have different keys: %s"
                            .formatted(resource, String.join(", ", keys)),
                    "Give the annotation a 'key', which then holds for all members.");
        }
        return keys.isEmpty() ? "" : keys.get(0);
    }

    private void define(String resource, Limit limit, LimitAnnotation annotation) {
        try {
            this.resources.defineInline(resource, limit, annotation.place());
        } catch (IllegalArgumentException ex) {
            throw new LimitConfigurationException(
                    "%s cannot define its resource: %s.".formatted(annotation.where(), ex.getMessage()),
                    "Give it a 'name' of those characters.");
        }
    }

    private String nameOf(LimitAnnotation annotation) {
        String name = annotation.text("name");
        if (!name.isEmpty()) {
            return name;
        }
        String generated = generatedName(annotation);
        AnnotatedElement other = this.generatedNames.putIfAbsent(generated, annotation.source());
        if (other != null && !other.equals(annotation.source())) {
            throw new LimitConfigurationException(
                    "%s and the annotation on %s come to one generated name, '%s'."
                            .formatted(annotation.where(), place(other), generated),
                    "Give one of them a 'name'.");
        }
        return generated;
    }

    private static String generatedName(LimitAnnotation annotation) {
        Class<?> type = annotation.sourceClass();
        String simpleName = type.getSimpleName().isEmpty() ? ClassUtils.getShortName(type) : type.getSimpleName();
        return (annotation.source() instanceof Method method) ? simpleName + "." + method.getName() : simpleName;
    }

    private static String place(AnnotatedElement element) {
        return (element instanceof Method method) ? Descriptions.of(method) : ((Class<?>) element).getName();
    }
}
