package io.ratelimit.actuate;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.HotKey;
import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
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
 */
public record LimitsDescription(
        String instance,
        int liveInstances,
        Map<String, ResourceDescription> resources,
        Map<String, PoolDescription> pools)
        implements OperationResponseBody {

    private static String constant(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static @Nullable String text(@Nullable Duration duration) {
        return duration == null ? null : duration.toString();
    }

    /**
     * One resource: the answer of {@code GET /actuator/limits/{resource}}.
     *
     * @param name the name of the resource
     * @param limits its limits as this instance defines them, with what is changed at run time, rate limits first
     * @param keyed whether each value of a key has a share of its own
     * @param policy what happens to a call that finds no permit: {@code reject}, {@code block} or {@code observe}
     * @param maxWait how long a call waits at most under {@code block}; left out: nothing is configured
     * @param maxQueue how many calls may wait, for each key if there is one
     * @param onBackendFailure what happens to a call while the backend cannot be asked: {@code local}, {@code allow} or
     *     {@code reject}
     * @param hashKeys whether keys are stored and shown only as hashes
     * @param perInstance whether each instance counts for itself, in memory
     * @param attributes what a permit tells its holder of the resource
     * @param enabled whether calls are limited; {@code false} only if an operator has switched the limits off at run time
     * @param override what is changed at run time; left out: nothing
     * @param status {@code live}: {@code usage} shows the numbers of now; {@code per-key}: there are numbers for each key only, to
     *     be asked for with {@code ?key=}; {@code unavailable}: the backend could not be asked, {@code error} says why
     * @param error why there are no numbers
     * @param usage the live numbers, cluster-wide
     * @param hotKeys the keys that are refused, and wait, most on this instance over the last minutes, at most 10; only for a single
     *     resource with a key, and without {@code ?key=}
     */
    public record ResourceDescription(
            String name,
            List<LimitDescription> limits,
            boolean keyed,
            String policy,
            @Nullable String maxWait,
            int maxQueue,
            String onBackendFailure,
            boolean hashKeys,
            boolean perInstance,
            Map<String, String> attributes,
            boolean enabled,
            @Nullable OverrideDescription override,
            String status,
            @Nullable String error,
            @Nullable Usage usage,
            @Nullable List<HotKey> hotKeys)
            implements OperationResponseBody {

        static ResourceDescription live(
                ResourceDefinition definition, ResourceOverride override, PartitionSnapshot snapshot) {
            return of(definition, override, "live", null, Usage.of(snapshot), null);
        }

        static ResourceDescription keyed(
                ResourceDefinition definition, ResourceOverride override, @Nullable List<HotKey> hotKeys) {
            return of(definition, override, "per-key", null, null, hotKeys);
        }

        static ResourceDescription unavailable(ResourceDefinition definition, ResourceOverride override, String error) {
            return of(definition, override, "unavailable", error, null, null);
        }

        private static ResourceDescription of(
                ResourceDefinition definition,
                ResourceOverride override,
                String status,
                @Nullable String error,
                @Nullable Usage usage,
                @Nullable List<HotKey> hotKeys) {
            return new ResourceDescription(
                    definition.name(),
                    definition.limits().stream().map(LimitDescription::of).toList(),
                    definition.key() != null,
                    constant(definition.policy()),
                    text(definition.maxWait()),
                    definition.maxQueue(),
                    constant(definition.onBackendFailure()),
                    definition.hashKeys(),
                    definition.perInstance(),
                    definition.attributes(),
                    override.limiting(),
                    override.isEmpty() ? null : OverrideDescription.of(override),
                    status,
                    error,
                    usage,
                    hotKeys);
        }

        ResourceDescription withoutCalls() {
            return new ResourceDescription(
                    this.name,
                    this.limits,
                    this.keyed,
                    this.policy,
                    this.maxWait,
                    this.maxQueue,
                    this.onBackendFailure,
                    this.hashKeys,
                    this.perInstance,
                    this.attributes,
                    this.enabled,
                    this.override,
                    this.status,
                    this.error,
                    this.usage == null ? null : this.usage.withoutCalls(),
                    null);
        }
    }

    /**
     * What is changed of a resource at run time. What is not changed is left out.
     *
     * @param limits other numbers for limits
     * @param policy what happens to every call that finds no permit
     * @param maxWait how long a call waits at most under {@code block}
     * @param enabled whether calls are limited
     */
    public record OverrideDescription(
            List<LimitOverrideDescription> limits,
            @Nullable String policy,
            @Nullable String maxWait,
            @Nullable Boolean enabled) {

        static OverrideDescription of(ResourceOverride override) {
            return new OverrideDescription(
                    override.limits().stream().map(LimitOverrideDescription::of).toList(),
                    override.policy() == null ? null : constant(override.policy()),
                    text(override.maxWait()),
                    override.enabled());
        }
    }

    /**
     * Other numbers for one limit.
     *
     * @param name its name
     * @param kind {@code rate} or {@code concurrency}
     * @param limit how much may be taken
     * @param window the window of a rate limit
     */
    public record LimitOverrideDescription(
            String name,
            String kind,
            @Nullable Long limit,
            @Nullable String window) {

        static LimitOverrideDescription of(ResourceOverride.LimitOverride override) {
            return new LimitOverrideDescription(
                    override.name(), constant(override.kind()), override.limit(), text(override.window()));
        }
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

    /**
     * One limit as it is defined.
     *
     * @param name its name
     * @param kind {@code rate} or {@code concurrency}
     * @param limit how much may be taken: per window, or at once
     * @param window the window of a rate limit, such as {@code PT1M}
     * @param algorithm how a rate limit counts, such as {@code sliding-window}
     * @param burst how much a bucket gives at once; left out: it is no bucket
     * @param lease how long a slot is kept without a sign of life of its holder
     * @param maxHold after which time a slot is taken back although its holder lives; left out: never
     */
    public record LimitDescription(
            String name,
            String kind,
            long limit,
            @Nullable String window,
            @Nullable String algorithm,
            @Nullable Long burst,
            @Nullable String lease,
            @Nullable String maxHold) {

        static LimitDescription of(Limit limit) {
            if (limit instanceof RateLimit rate) {
                return new LimitDescription(
                        rate.name(),
                        constant(rate.kind()),
                        rate.limit(),
                        text(rate.window()),
                        constant(rate.algorithm()),
                        rate.algorithm().isBucket() ? rate.burst() : null,
                        null,
                        null);
            }
            ConcurrencyLimit slots = (ConcurrencyLimit) limit;
            return new LimitDescription(
                    slots.name(),
                    constant(slots.kind()),
                    slots.limit(),
                    null,
                    null,
                    null,
                    text(slots.lease()),
                    text(slots.maxHold()));
        }
    }

    /**
     * How the limits of one share stand.
     *
     * @param limits its limits
     * @param holderCount how many permits hold slots
     * @param holders those permits, longest held first, at most the first 100; only for a single resource
     * @param queueSize how many calls wait
     * @param queue those calls in the order of their turn, at most the first 100; only for a single resource
     */
    public record Usage(
            List<LimitUsage> limits,
            long holderCount,
            @Nullable List<HolderDescription> holders,
            long queueSize,
            @Nullable List<WaiterDescription> queue) {

        static Usage of(PartitionSnapshot snapshot) {
            return new Usage(
                    snapshot.limits().stream().map(LimitUsage::of).toList(),
                    snapshot.holderCount(),
                    snapshot.holders().stream().map(HolderDescription::of).toList(),
                    snapshot.queued(),
                    WaiterDescription.of(snapshot.queue()));
        }

        Usage withoutCalls() {
            return new Usage(this.limits, this.holderCount, null, this.queueSize, null);
        }
    }

    /**
     * How one limit stands.
     *
     * @param name its name
     * @param kind {@code rate} or {@code concurrency}
     * @param limit the limit, or the burst of a bucket, that the backend goes by, which is another than the definition's while
     *     instances with different configurations run
     * @param used how much is taken: in the window, or held now
     * @param remaining how much is left
     * @param reset when something of a rate limit comes back, from now, such as {@code PT17S}
     */
    public record LimitUsage(
            String name,
            String kind,
            long limit,
            long used,
            long remaining,
            @Nullable String reset) {

        static LimitUsage of(LimitStatus status) {
            return new LimitUsage(
                    status.limit().name(),
                    constant(status.limit().kind()),
                    status.limit().capacity(),
                    status.used(),
                    status.remaining(),
                    status.limit() instanceof RateLimit ? text(status.reset()) : null);
        }
    }

    /**
     * A permit that holds slots.
     *
     * @param permit its id
     * @param instance the name of the instance that holds it
     * @param slots how many slots of which limit it holds
     * @param age how long it has held them
     * @param leaseLeft how long they are kept without a sign of life
     */
    public record HolderDescription(
            String permit, String instance, Map<String, Long> slots, String age, String leaseLeft) {

        static HolderDescription of(PartitionSnapshot.Holder holder) {
            return new HolderDescription(
                    holder.permit(),
                    holder.instance(),
                    holder.slots(),
                    holder.age().toString(),
                    holder.leaseLeft().toString());
        }
    }

    /**
     * A call that waits.
     *
     * @param position its place in the queue; 1 is next
     * @param ticket its id, which becomes that of its permit
     * @param instance the name of the instance that waits
     * @param priority its priority, higher first
     * @param amounts how much of which limit it waits for
     * @param waited for how long
     */
    public record WaiterDescription(
            int position, String ticket, String instance, int priority, Map<String, Long> amounts, String waited) {

        static List<WaiterDescription> of(List<PartitionSnapshot.Waiter> queue) {
            return IntStream.range(0, queue.size())
                    .mapToObj((index) -> of(index + 1, queue.get(index)))
                    .toList();
        }

        private static WaiterDescription of(int position, PartitionSnapshot.Waiter waiter) {
            return new WaiterDescription(
                    position,
                    waiter.ticket(),
                    waiter.instance(),
                    waiter.priority(),
                    waiter.amounts(),
                    waiter.waited().toString());
        }
    }
}
