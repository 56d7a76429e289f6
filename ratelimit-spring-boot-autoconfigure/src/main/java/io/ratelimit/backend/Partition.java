package io.ratelimit.backend;

import io.ratelimit.Limit;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A resource and a key: the unit of state and of atomicity. Its limits travel with every operation; of two definitions the
 * backend goes by the one with the newer stamp.
 *
 * @param resource the name of the resource
 * @param key whose share it is, hashed if it is secret or long; {@code null}: the one share for all
 * @param limits the limits, in the order that amounts go by
 * @param stampMicros when this definition was registered, by the backend's clock; 0: unknown, older than any other
 * @param lease how long a sign of life of an instance that waits here counts
 * @since 0.1.0
 */
public record Partition(String resource, @Nullable String key, List<Limit> limits, long stampMicros, Duration lease) {

    /**
     * Copies the list.
     *
     * @param resource the name of the resource
     * @param key whose share it is
     * @param limits the limits
     * @param stampMicros when this definition was registered
     * @param lease how long a sign of life of an instance that waits here counts
     */
    public Partition {
        limits = List.copyOf(limits);
    }

    /**
     * Returns what makes this partition this one, whichever its limits are.
     *
     * @return the resource and the key
     */
    public Id id() {
        return new Id(this.resource, this.key);
    }

    /** Returns a text without the key, which may be personal data. */
    @Override
    public String toString() {
        return "Partition[resource=%s, keyed=%s, limits=%s]".formatted(this.resource, this.key != null, this.limits);
    }

    /**
     * What identifies a partition.
     *
     * @param resource the name of the resource
     * @param key whose share it is; {@code null}: the one share for all
     */
    public record Id(String resource, @Nullable String key) {}
}
