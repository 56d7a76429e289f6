package io.ratelimit.actuate;

import io.ratelimit.LimitOperations;
import io.ratelimit.ResourceDefinition;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What health tells of the limits, without a class of Spring Boot, as its lines have different ones for health.
 *
 * @param up whether the backend that all instances share answers, by the last calls of this instance
 * @param details {@code backend} and {@code liveInstances}, or what each resource does while the backend is away
 * @since 0.1.0
 */
public record LimitsHealth(boolean up, Map<String, Object> details) {

    /**
     * Keeps a copy of the details.
     *
     * @param up whether the backend answers
     * @param details what there is to tell
     */
    public LimitsHealth {
        details = Map.copyOf(details);
    }

    /**
     * Looks how the limits are, and asks nobody.
     *
     * @param operations what it goes by
     * @return how they are
     */
    public static LimitsHealth of(LimitOperations operations) {
        if (operations.backendAvailable()) {
            return new LimitsHealth(true, Map.of("backend", "available", "liveInstances", operations.liveInstances()));
        }
        Map<String, String> meanwhile = new TreeMap<>();
        for (ResourceDefinition definition : operations.resources()) {
            if (!definition.perInstance()) {
                meanwhile.put(
                        definition.name(), definition.onBackendFailure().name().toLowerCase(Locale.ROOT));
            }
        }
        return new LimitsHealth(false, Map.of("backend", "away", "onBackendFailure", meanwhile));
    }
}
