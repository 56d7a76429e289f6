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

    private final QueueSample queue = new QueueSample();

    private final List<LimitSample> limits = new CopyOnWriteArrayList<>();

    private final List<Sample> samples = new CopyOnWriteArrayList<>();

    ResourceGauges(String resource) {
        this.resource = resource;
    }

    /** Makes room for the samples of limits that are new; a resource with a key has no sample that stands for all. */
    synchronized void define(ResourceDefinition definition) {
        if (definition.key() != null) {
            return;
        }
        if (this.samples.isEmpty()) {
            this.samples.add(this.queue);
        }
        for (Limit limit : definition.limits()) {
            if (this.limits.stream().noneMatch((sample) -> sample.isOf(limit))) {
                LimitSample sample = new LimitSample(limit);
                this.limits.add(sample);
                this.samples.add(sample);
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

    void sample(List<LimitStatus> limits, long queued) {
        this.queue.queued = queued;
        for (LimitStatus status : limits) {
            for (LimitSample sample : this.limits) {
                if (sample.isOf(status.limit())) {
                    sample.status = status;
                    break;
                }
            }
        }
    }

    /** Something of the cluster as it was last seen. */
    private interface Sample {

        void bindTo(MeterRegistry registry, String resource);
    }

    /** The queue as it was last seen. */
    private static final class QueueSample implements Sample {

        private volatile long queued;

        @Override
        public void bindTo(MeterRegistry registry, String resource) {
            Gauge.builder("ratelimit.queue.size", this, (sample) -> sample.queued)
                    .description("Calls that wait, cluster-wide")
                    .tag(RESOURCE, resource)
                    .register(registry);
        }
    }

    /** One limit as it was last seen. */
    private static final class LimitSample implements Sample {

        private volatile LimitStatus status;

        LimitSample(Limit limit) {
            this.status = new LimitStatus(limit, 0, Duration.ZERO);
        }

        boolean isOf(Limit limit) {
            Limit own = this.status.limit();
            return own.kind() == limit.kind() && own.name().equals(limit.name());
        }

        @Override
        public void bindTo(MeterRegistry registry, String resource) {
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
