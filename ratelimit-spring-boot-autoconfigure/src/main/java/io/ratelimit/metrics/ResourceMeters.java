package io.ratelimit.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.ratelimit.AcquireOutcome;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * The meters of one resource in one registry, registered when it is made.
 */
final class ResourceMeters {

    private final MeterRegistry registry;

    private final ResourceGauges gauges;

    private final Map<AcquireOutcome, Timer> acquire = new EnumMap<>(AcquireOutcome.class);

    private final Timer hold;

    private final Counter leasesLost;

    private final Counter leasesReclaimed;

    private final Counter backendFailures;

    private int boundSamples;

    ResourceMeters(MeterRegistry registry, String resource, ResourceGauges gauges) {
        this.registry = registry;
        this.gauges = gauges;
        gauges.bindHeld(registry);
        this.boundSamples = gauges.bindSamples(registry, 0);
        for (AcquireOutcome outcome : AcquireOutcome.values()) {
            this.acquire.put(
                    outcome,
                    Timer.builder("ratelimit.acquire")
                            .description("Time to the answer of an acquisition")
                            .tag(ResourceGauges.RESOURCE, resource)
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        this.hold = Timer.builder("ratelimit.hold")
                .description("Time from the grant of a permit to its end")
                .tag(ResourceGauges.RESOURCE, resource)
                .register(registry);
        this.leasesLost =
                counter(registry, resource, "ratelimit.leases.lost", "Permits that lost their slots while open");
        this.leasesReclaimed = counter(
                registry,
                resource,
                "ratelimit.leases.reclaimed",
                "Permits of any instance whose slots were taken back at the end of their lease");
        this.backendFailures =
                counter(registry, resource, "ratelimit.backend.failures", "Times that the backend could not be asked");
    }

    private static Counter counter(MeterRegistry registry, String resource, String name, String description) {
        return Counter.builder(name)
                .description(description)
                .tag(ResourceGauges.RESOURCE, resource)
                .register(registry);
    }

    /** Registers the gauges of limits that were added since the last call. */
    synchronized void bindNewSamples() {
        this.boundSamples = this.gauges.bindSamples(this.registry, this.boundSamples);
    }

    void answered(AcquireOutcome outcome, Duration took) {
        Timer timer = this.acquire.get(outcome);
        if (timer != null) {
            timer.record(took);
        }
    }

    void held(Duration held) {
        this.hold.record(held);
    }

    void leaseLost() {
        this.leasesLost.increment();
    }

    void leasesReclaimed(long permits) {
        this.leasesReclaimed.increment((double) permits);
    }

    void backendFailed() {
        this.backendFailures.increment();
    }
}
