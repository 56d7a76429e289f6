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

/**
 * Reads the limit that an annotation carries inline. Thread-safe.
 */
final class InlineLimitReader {

    private final AttributeReader attributes;

    InlineLimitReader(AttributeReader attributes) {
        this.attributes = attributes;
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
            throw AttributeReader.failure(annotation, "has both 'limit' and 'limitString'", "Give one of the two.");
        }
        String companion = (annotation.kind() == LimitKind.RATE) ? "window" : "maxHold";
        if (!numbered && !worded) {
            refuse(annotation, companion, !annotation.text(companion).isEmpty());
            refuse(annotation, "algorithm", algorithm(annotation) != RateAlgorithm.SLIDING_WINDOW);
            return Optional.empty();
        }
        long limit =
                numbered ? annotation.values().getLong("limit") : this.attributes.number(annotation, "limitString");
        Optional<Duration> duration = this.attributes.duration(annotation, companion);
        try {
            return Optional.of(
                    (annotation.kind() == LimitKind.RATE)
                            ? rate(annotation, limit, duration)
                            : new ConcurrencyLimit(Limit.DEFAULT_NAME, limit, lease, duration.orElse(null)));
        } catch (IllegalArgumentException ex) {
            throw AttributeReader.failure(
                    annotation, "is not possible: " + ex.getMessage(), "Give a value in that range.");
        }
    }

    /** There is nothing that an attribute beside a limit could mean without it. */
    private static void refuse(LimitAnnotation annotation, String attribute, boolean given) {
        if (given) {
            throw AttributeReader.failure(
                    annotation,
                    "has the '%s' but no 'limit'".formatted(attribute),
                    "Add a 'limit', or remove the '%s' and name a configured resource.".formatted(attribute));
        }
    }

    private static RateAlgorithm algorithm(LimitAnnotation annotation) {
        return (annotation.kind() == LimitKind.RATE)
                ? annotation.values().getEnum("algorithm", RateAlgorithm.class)
                : RateAlgorithm.SLIDING_WINDOW;
    }

    private static RateLimit rate(LimitAnnotation annotation, long limit, Optional<Duration> window) {
        if (window.isEmpty()) {
            throw AttributeReader.failure(
                    annotation, "has a 'limit' but no 'window'", "Add a 'window', such as \"1m\".");
        }
        return new RateLimit(Limit.DEFAULT_NAME, limit, window.get(), algorithm(annotation));
    }
}
