package io.ratelimit.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The meters of one registry, found by the name of the resource alone.
 */
final class RegistryMeters {

    private final MeterRegistry registry;

    private final Map<String, ResourceMeters> meters = new ConcurrentHashMap<>();

    private final Function<String, ResourceGauges> gauges;

    RegistryMeters(MeterRegistry registry, Function<String, ResourceGauges> gauges) {
        this.registry = registry;
        this.gauges = gauges;
    }

    /** Returns the meters of a resource, registering them if they are asked for the first time. */
    ResourceMeters of(String resource) {
        ResourceMeters known = this.meters.get(resource);
        return known != null ? known : this.meters.computeIfAbsent(resource, this::register);
    }

    private ResourceMeters register(String resource) {
        return new ResourceMeters(this.registry, resource, this.gauges.apply(resource));
    }
}
