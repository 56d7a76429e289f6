package io.ratelimit.aop;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.annotation.RateLimited;
import java.time.Duration;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/**
 * Reads the limit that an annotation carries inline. Thread-safe.
 */
final class InlineLimitReader {

    private final UnaryOperator<@Nullable String> placeholders;

    /**
     * Makes a reader.
     *
     * @param placeholders replaces placeholders in a text
     */
    InlineLimitReader(UnaryOperator<@Nullable String> placeholders) {
        this.placeholders = placeholders;
    }

    /**
     * Returns the inline limit; empty if the annotation carries none.
     *
     * @param annotation the annotation
     * @param lease the lease of a concurrency limit
     * @throws LimitConfigurationException if a value is out of range, cannot be read, or stands without the others it needs
     */
    Optional<Limit> read(LimitAnnotation annotation, Duration lease) {
        boolean numbered = annotation.values().getLong("limit") != RateLimited.UNSET;
        boolean worded = !annotation.text("limitString").isEmpty();
        if (numbered && worded) {
            throw failure(annotation, "has both 'limit' and 'limitString'", "Give one of the two.");
        }
        String companion = (annotation.kind() == LimitKind.RATE) ? "window" : "maxHold";
        if (!numbered && !worded) {
            if (!annotation.text(companion).isEmpty()) {
                throw failure(
                        annotation,
                        "has a '%s' but no 'limit'".formatted(companion),
                        "Add a 'limit', or remove the '%s' and name a configured resource.".formatted(companion));
            }
            return Optional.empty();
        }
        long limit = numbered ? annotation.values().getLong("limit") : number(annotation);
        Optional<Duration> duration = duration(annotation, companion);
        try {
            return Optional.of(
                    (annotation.kind() == LimitKind.RATE)
                            ? rate(annotation, limit, duration)
                            : new ConcurrencyLimit(Limit.DEFAULT_NAME, limit, lease, duration.orElse(null)));
        } catch (IllegalArgumentException ex) {
            throw failure(annotation, "is not possible: " + ex.getMessage(), "Give a value in that range.");
        }
    }

    private static RateLimit rate(LimitAnnotation annotation, long limit, Optional<Duration> window) {
        if (window.isEmpty()) {
            throw failure(annotation, "has a 'limit' but no 'window'", "Add a 'window', such as \"1m\".");
        }
        return new RateLimit(
                Limit.DEFAULT_NAME, limit, window.get(), annotation.values().getEnum("algorithm", RateAlgorithm.class));
    }

    private long number(LimitAnnotation annotation) {
        String text = resolve(annotation, "limitString");
        try {
            return Long.parseLong(text.trim());
        } catch (NumberFormatException ex) {
            throw failure(annotation, "has the limitString '%s', which is not a number".formatted(text), "Correct it.");
        }
    }

    private Optional<Duration> duration(LimitAnnotation annotation, String attribute) {
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

    private static LimitConfigurationException failure(LimitAnnotation annotation, String what, String action) {
        return new LimitConfigurationException(annotation.where() + " " + what + ".", action);
    }
}
