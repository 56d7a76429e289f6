package io.ratelimit.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitStatus;
import io.ratelimit.ResourceDefinition;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the gauges of one resource show. Gauges refer weakly to what they show, so this lives as long as the meters.
 */
final class ResourceGauges {

    static final String RESOURCE = "resource";

    private static final String LIMIT = "limit";

    private final String resource;

    private final AtomicLong held = new AtomicLong();

    private final List<Sample> samples = new CopyOnWriteArrayList<>();

    ResourceGauges(String resource) {
        this.resource = resource;
    }

    /** Makes room for the samples of limits that are new; a resource with a key has no sample that stands for all. */
    synchronized void define(ResourceDefinition definition) {
        if (definition.key() != null) {
            return;
        }
        for (Limit limit : definition.limits()) {
            if (this.samples.stream().noneMatch((sample) -> sample.isOf(limit))) {
                this.samples.add(new Sample(limit));
            }
        }
    }

    void bindHeld(MeterRegistry registry) {
        Gauge.builder("ratelimit.slots.held", this.held, AtomicLong::get)
                .description("Slots that this instance holds")
                .tag(RESOURCE, this.resource)
                .register(registry);
    }

    /**
     * Registers the samples from an index on: they are only ever appended.
     *
     * @return the index to go on from
     */
    int bindSamples(MeterRegistry registry, int from) {
        List<Sample> known = List.copyOf(this.samples);
        known.subList(from, known.size()).forEach((sample) -> sample.bindTo(registry, this.resource));
        return known.size();
    }

    void addHeld(long slots) {
        this.held.addAndGet(slots);
    }

    void sample(List<LimitStatus> limits) {
        for (LimitStatus status : limits) {
            for (Sample sample : this.samples) {
                if (sample.isOf(status.limit())) {
                    sample.status = status;
                    break;
                }
            }
        }
    }

    /** One limit as it was last seen. */
    private static final class Sample {

        private volatile LimitStatus status;

        Sample(Limit limit) {
            this.status = new LimitStatus(limit, 0, Duration.ZERO);
        }

        boolean isOf(Limit limit) {
            Limit own = this.status.limit();
            return own.kind() == limit.kind() && own.name().equals(limit.name());
        }

        void bindTo(MeterRegistry registry, String resource) {
            if (this.status.limit().kind() == LimitKind.RATE) {
                Gauge.builder("ratelimit.rate.available", this, (sample) -> sample.status.remaining())
                        .description("What is left of the rate limit, cluster-wide")
                        .tag(RESOURCE, resource)
                        .tag(LIMIT, this.status.limit().name())
                        .register(registry);
                return;
            }
            Gauge.builder("ratelimit.slots.active", this, (sample) -> sample.status.used())
                    .description("Slots that are held, cluster-wide")
                    .tag(RESOURCE, resource)
                    .tag(LIMIT, this.status.limit().name())
                    .register(registry);
            Gauge.builder(
                            "ratelimit.slots.limit",
                            this,
                            (sample) -> sample.status.limit().limit())
                    .description("Slots that there can be, cluster-wide")
                    .tag(RESOURCE, resource)
                    .tag(LIMIT, this.status.limit().name())
                    .register(registry);
        }
    }
}
