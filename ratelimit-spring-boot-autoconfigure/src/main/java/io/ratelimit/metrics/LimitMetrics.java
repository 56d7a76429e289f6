package io.ratelimit.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitStatus;
import io.ratelimit.ResourceRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Meters of limits. A key is never a tag.
 *
 * <table>
 *   <caption>The meters</caption>
 *   <thead><tr><th>meter</th><th>kind</th><th>tags</th><th>what it is</th></tr></thead>
 *   <tbody>
 *   <tr><td>{@code ratelimit.acquire}</td><td>timer</td><td>{@code resource}, {@code outcome}</td>
 *     <td>time to the answer; {@code outcome} is acquired, rejected, timeout, cancelled, observed, error or bypassed</td></tr>
 *   <tr><td>{@code ratelimit.hold}</td><td>timer</td><td>{@code resource}</td>
 *     <td>from the grant of a permit to its end</td></tr>
 *   <tr><td>{@code ratelimit.slots.held}</td><td>gauge</td><td>{@code resource}</td>
 *     <td>slots that this instance holds; the sum over all instances is that of the cluster</td></tr>
 *   <tr><td>{@code ratelimit.slots.active}</td><td>gauge</td><td>{@code resource}, {@code limit}</td>
 *     <td>slots that are held in the whole cluster; only for resources without a key, as sampled with every answer and
 *     heartbeat</td></tr>
 *   <tr><td>{@code ratelimit.slots.limit}</td><td>gauge</td><td>{@code resource}, {@code limit}</td>
 *     <td>how many there can be, likewise</td></tr>
 *   <tr><td>{@code ratelimit.rate.available}</td><td>gauge</td><td>{@code resource}, {@code limit}</td>
 *     <td>what is left of the rate limit, likewise</td></tr>
 *   <tr><td>{@code ratelimit.queue.size}</td><td>gauge</td><td>{@code resource}</td>
 *     <td>calls that wait in the whole cluster, likewise</td></tr>
 *   <tr><td>{@code ratelimit.leases.lost}</td><td>counter</td><td>{@code resource}</td>
 *     <td>permits of this instance that lost their slots while they were open</td></tr>
 *   <tr><td>{@code ratelimit.leases.reclaimed}</td><td>counter</td><td>{@code resource}</td>
 *     <td>permits of any instance whose slots were taken back at the end of their lease, as this instance was told</td></tr>
 *   <tr><td>{@code ratelimit.backend.failures}</td><td>counter</td><td>{@code resource}</td>
 *     <td>times that the backend could not be asked or did not answer in time</td></tr>
 *   </tbody>
 * </table>
 *
 * <p>All series of a resource exist from the moment it is known: at zero, {@code slots.limit} and {@code rate.available} at the
 * limit. Reading a meter never asks the backend; of samples that come from two threads at once the older may stay until the next
 * answer or heartbeat. Thread-safe; what happens before the first {@link #bindTo} is not counted, but
 * for the gauges.
 *
 * @since 0.1.0
 */
public final class LimitMetrics implements LimitListener, MeterBinder {

    private final ResourceRegistry resources;

    private final Map<String, ResourceGauges> gauges = new ConcurrentHashMap<>();

    private final List<RegistryMeters> registries = new CopyOnWriteArrayList<>();

    /**
     * Makes meters that are in no registry yet.
     *
     * @param resources the resources to tell of
     */
    public LimitMetrics(ResourceRegistry resources) {
        this.resources = resources;
        resources.observe((definition) -> gauges(definition.name()).define(definition));
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        RegistryMeters meters = new RegistryMeters(registry, this::gauges);
        this.registries.add(meters);
        this.resources.observe((definition) -> meters.of(definition.name()).bindNewSamples());
    }

    @Override
    public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
        for (RegistryMeters meters : this.registries) {
            meters.of(resource).answered(outcome, took);
        }
    }

    @Override
    public void onGranted(String resource, long slots) {
        gauges(resource).addHeld(slots);
    }

    @Override
    public void onEnded(String resource, long slots, Duration held) {
        gauges(resource).addHeld(-slots);
        for (RegistryMeters meters : this.registries) {
            meters.of(resource).held(held);
        }
    }

    @Override
    public void onSampled(String resource, List<LimitStatus> limits, long queued) {
        gauges(resource).sample(limits, queued);
    }

    @Override
    public void onLeaseLost(String resource) {
        for (RegistryMeters meters : this.registries) {
            meters.of(resource).leaseLost();
        }
    }

    @Override
    public void onLeasesReclaimed(String resource, long permits) {
        for (RegistryMeters meters : this.registries) {
            meters.of(resource).leasesReclaimed(permits);
        }
    }

    @Override
    public void onBackendFailure(String resource, Throwable cause) {
        for (RegistryMeters meters : this.registries) {
            meters.of(resource).backendFailed();
        }
    }

    private ResourceGauges gauges(String resource) {
        ResourceGauges known = this.gauges.get(resource);
        return known != null ? known : this.gauges.computeIfAbsent(resource, ResourceGauges::new);
    }
}
