package io.ratelimit.backend;

import java.util.Map;

/**
 * What all instances that share a backend are told at run time.
 *
 * @param atMicros when it stood like this, by the backend's clock, in microseconds since the epoch
 * @param values name to value
 * @since 0.1.0
 */
public record Settings(long atMicros, Map<String, String> values) {

    /**
     * Copies the map.
     *
     * @param atMicros when it stood like this
     * @param values name to value
     */
    public Settings {
        values = Map.copyOf(values);
    }
}
