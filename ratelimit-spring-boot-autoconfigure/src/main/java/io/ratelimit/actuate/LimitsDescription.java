package io.ratelimit.actuate;

import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

/**
 * The answer of {@code GET /actuator/limits}. Field names are stable; constants are in lower case with hyphens, durations in
 * ISO-8601. A field without a value is left out.
 *
 * @param instance the name of the instance that answers, such as it stands in {@code holders} and {@code queue}
 * @param liveInstances how many instances share the limits, as last seen
 * @param resources all resources by name
 * @param pools all pools by name; the numbers are those of their members
 * @since 0.1.0
 */
public record LimitsDescription(
        String instance,
        int liveInstances,
        Map<String, ResourceDescription> resources,
        Map<String, PoolDescription> pools)
        implements OperationResponseBody {

    static String constant(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static @Nullable String text(@Nullable Duration duration) {
        return duration == null ? null : duration.toString();
    }

    /**
     * One pool.
     *
     * @param resources the names of its members
     * @param strategy in which order they are asked, such as {@code round-robin}
     * @param weights how often which member comes first; left out where that does not count
     */
    public record PoolDescription(
            List<String> resources,
            String strategy,
            @Nullable Map<String, Integer> weights) {

        static PoolDescription of(PoolDefinition pool) {
            Map<String, Integer> weights = new LinkedHashMap<>();
            pool.resources().forEach((resource) -> weights.put(resource, pool.weight(resource)));
            return new PoolDescription(
                    pool.resources(),
                    constant(pool.strategy()),
                    (pool.strategy() == PoolStrategy.WEIGHTED) ? weights : null);
        }
    }
}
