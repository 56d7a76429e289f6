package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/**
 * Reads attributes that are texts and take placeholders. Thread-safe.
 */
final class AttributeReader {

    private final UnaryOperator<@Nullable String> placeholders;

    /**
     * Makes a reader.
     *
     * @param placeholders replaces placeholders in a text
     */
    AttributeReader(UnaryOperator<@Nullable String> placeholders) {
        this.placeholders = placeholders;
    }

    /**
     * Returns a whole number.
     *
     * @param annotation the annotation
     * @param attribute the name of the attribute, which is not empty
     * @throws LimitConfigurationException if it cannot be read
     */
    long number(LimitAnnotation annotation, String attribute) {
        String text = resolve(annotation, attribute);
        try {
            return Long.parseLong(text.trim());
        } catch (NumberFormatException ex) {
            throw failure(
                    annotation, "has the %s '%s', which is not a number".formatted(attribute, text), "Correct it.");
        }
    }

    /**
     * Returns a duration; empty if the attribute is.
     *
     * @param annotation the annotation
     * @param attribute the name of the attribute
     * @throws LimitConfigurationException if it cannot be read
     */
    Optional<Duration> duration(LimitAnnotation annotation, String attribute) {
        if (annotation.text(attribute).isEmpty()) {
            return Optional.empty();
        }
        String text = resolve(annotation, attribute).trim();
        // a bare number would be milliseconds, which hardly anyone means
        if (text.chars().noneMatch(Character::isLetter)) {
            throw unreadable(annotation, attribute, text);
        }
        try {
            return Optional.of(DurationStyle.detectAndParse(text));
        } catch (IllegalArgumentException | ArithmeticException ex) {
            throw unreadable(annotation, attribute, text);
        }
    }

    private String resolve(LimitAnnotation annotation, String attribute) {
        String text = annotation.text(attribute);
        try {
            String resolved = this.placeholders.apply(text);
            return (resolved != null) ? resolved : "";
        } catch (IllegalArgumentException ex) {
            throw failure(
                    annotation,
                    "has the %s '%s', which cannot be resolved: %s".formatted(attribute, text, ex.getMessage()),
                    "Define the property, or give a default as in \"${name:10}\".");
        }
    }

    private static LimitConfigurationException unreadable(LimitAnnotation annotation, String attribute, String text) {
        return failure(
                annotation,
                "has the %s '%s', which is not a duration".formatted(attribute, text),
                "Give a number and a unit, such as \"500ms\", \"10s\", \"1m\" or \"PT1M\".");
    }

    static LimitConfigurationException failure(LimitAnnotation annotation, String what, String action) {
        return new LimitConfigurationException(annotation.where() + " " + what + ".", action);
    }
}
