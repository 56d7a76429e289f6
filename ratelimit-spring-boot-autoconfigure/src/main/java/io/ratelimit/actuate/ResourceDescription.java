package io.ratelimit.actuate;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.HotKey;
import io.ratelimit.Limit;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

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
 * @since 0.1.0
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
        @Nullable UsageDescription usage,
        @Nullable List<HotKey> hotKeys)
        implements OperationResponseBody {

    static ResourceDescription live(
            ResourceDefinition definition, ResourceOverride override, PartitionSnapshot snapshot) {
        return of(definition, override, "live", null, UsageDescription.of(snapshot), null);
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
            @Nullable UsageDescription usage,
            @Nullable List<HotKey> hotKeys) {
        return new ResourceDescription(
                definition.name(),
                definition.limits().stream().map(LimitDescription::of).toList(),
                definition.key() != null,
                LimitsDescription.constant(definition.policy()),
                LimitsDescription.text(definition.maxWait()),
                definition.maxQueue(),
                LimitsDescription.constant(definition.onBackendFailure()),
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
                        LimitsDescription.constant(rate.kind()),
                        rate.limit(),
                        LimitsDescription.text(rate.window()),
                        LimitsDescription.constant(rate.algorithm()),
                        rate.algorithm().isBucket() ? rate.burst() : null,
                        null,
                        null);
            }
            ConcurrencyLimit slots = (ConcurrencyLimit) limit;
            return new LimitDescription(
                    slots.name(),
                    LimitsDescription.constant(slots.kind()),
                    slots.limit(),
                    null,
                    null,
                    null,
                    LimitsDescription.text(slots.lease()),
                    LimitsDescription.text(slots.maxHold()));
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
                    override.policy() == null ? null : LimitsDescription.constant(override.policy()),
                    LimitsDescription.text(override.maxWait()),
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
                    override.name(),
                    LimitsDescription.constant(override.kind()),
                    override.limit(),
                    LimitsDescription.text(override.window()));
        }
    }
}
