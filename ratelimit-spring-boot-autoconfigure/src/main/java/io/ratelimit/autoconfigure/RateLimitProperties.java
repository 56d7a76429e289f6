package io.ratelimit.autoconfigure;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.LimitPolicy;
import io.ratelimit.PoolStrategy;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.aop.LimitAnnotationBeanPostProcessor;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.RateLimitHeaders;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Limits as {@code application.yml} says them. A property under {@code ratelimit} that does not exist fails the startup.
 *
 * @param enabled Whether limits apply. If not, annotations do nothing and the Limiter bean grants everything.
 * @param backend Where limits are counted. Redis if the application has a connection to it; without one, startup fails unless
 *     this says memory.
 * @param keyPrefix Prefix of all keys in Redis. Applications with the same prefix share their limits.
 * @param commandTimeout Longest time to wait for an answer of the backend. A number without a unit is in milliseconds.
 * @param onBackendFailure What happens to a call while the backend cannot be asked.
 * @param lease How long a slot is kept without a sign of life of its holder. A number without a unit is in milliseconds.
 * @param defaults What holds for resources that do not say otherwise.
 * @param resources Resources to protect, by name. A name with other characters than letters, digits and hyphens is written in
 *     brackets and quotes, such as "[my_api.v1]".
 * @param pools Names that spread acquisitions over several resources. Usable wherever a resource name is.
 * @param planCache How long the limits that were decided for a key hold before they are decided anew. Zero: for one acquisition. A
 *     number without a unit is in milliseconds.
 * @param web Answers over HTTP.
 * @param dashboard Page that shows the limits as pictures.
 * @param aspectOrder Order of the limits among the advice around a bean's method. Lower values lie further outside; by default
 *     limits lie outside of transactions and inside of method security.
 * @since 0.1.0
 */
@ConfigurationProperties(prefix = RateLimitProperties.PREFIX, ignoreUnknownFields = false)
public record RateLimitProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable Backend backend,

        @DefaultValue("ratelimit:${spring.application.name:}:")
        String keyPrefix,

        @DefaultValue("500ms") Duration commandTimeout,
        @DefaultValue("local") BackendFailurePolicy onBackendFailure,
        @DefaultValue("10s") Duration lease,
        @DefaultValue Defaults defaults,
        @DefaultValue Map<String, Resource> resources,
        @DefaultValue Map<String, Pool> pools,
        @DefaultValue("10s") Duration planCache,
        @DefaultValue Web web,
        @DefaultValue Dashboard dashboard,

        @DefaultValue("" + LimitAnnotationBeanPostProcessor.DEFAULT_ORDER)
        int aspectOrder) {

    static final String PREFIX = "ratelimit";

    /**
     * Where limits are counted.
     */
    public enum Backend {

        /** In Redis: the instances of the application share each limit. */
        REDIS,

        /** In the memory of this JVM: each instance has each limit for itself. */
        MEMORY
    }

    /**
     * What holds for resources that do not say otherwise.
     *
     * @param policy What happens to a call that finds no permit.
     * @param maxWait Longest wait of a call where the policy is block, with its unit, such as 5s, PT5S or 500ms, from 1 ms to 365
     *     days. Without it, each resource that blocks needs one of its own.
     * @param maxQueue Most calls that wait for one resource and key, from 1 to 1,000,000. The next is refused at once.
     */
    public record Defaults(
            @DefaultValue("reject") LimitPolicy policy,
            @Nullable String maxWait,

            @DefaultValue("" + ResourceDefaults.DEFAULT_MAX_QUEUE)
            int maxQueue) {}

    /**
     * Answers over HTTP.
     *
     * @param headers Which response headers tell clients of their limits.
     * @param ipv6PrefixLength How many bits of an IPv6 address tell clients apart where 'ip' is a key, from 1 to 128.
     */
    public record Web(
            @DefaultValue("ietf") RateLimitHeaders headers,

            @DefaultValue("" + ClientAddress.DEFAULT_IPV6_PREFIX_LENGTH)
            int ipv6PrefixLength) {}

    /**
     * Page that shows the limits as pictures.
     *
     * @param enabled Whether there is an actuator endpoint limitsdashboard with the page. It has to be exposed like any other, and
     *     shows what the endpoint limits says, so that has to be exposed too.
     */
    public record Dashboard(@DefaultValue("false") boolean enabled) {}

    /**
     * A resource: what limits it carries and what happens at them.
     *
     * @param rate Rate limit such as 100/1m. Short for rates.default.
     * @param rates Rate limits by name.
     * @param concurrency Concurrency limit: how many at once. Short for concurrencies.default.
     * @param concurrencies Concurrency limits by name.
     * @param key SpEL expression whose value says whose share it is. Without one there is one share for all.
     * @param policy What happens to a call that finds no permit. As in defaults if not set.
     * @param maxWait Longest wait of a call where the policy is block, with its unit, such as 5s, PT5S or 500ms, from 1 ms to 365
     *     days. As in defaults if not set.
     * @param maxQueue Most calls that wait, for each key if there is one, from 1 to 1,000,000. The next is refused at once. As in
     *     defaults if not set.
     * @param onBackendFailure What happens to a call while the backend cannot be asked. As the application's if not set.
     * @param hashKeys Whether keys are stored and shown only as hashes. Keys over 128 bytes always are.
     * @param backend Where the limits of this resource are counted: memory makes it a limit per instance. As the application's if
     *     not set.
     * @param attributes What a permit tells its holder of the resource, such as a region.
     * @param plan SpEL expression that names the plan of a key, such as "@customers.planOf(#key)". A key whose plan is null or not among
     *     the plans has the resource's own limits.
     * @param plans Limits by plan. Each replaces the limit of the same kind and name that the resource has.
     */
    public record Resource(
            @Nullable Rate rate,
            @DefaultValue Map<String, Rate> rates,
            @Nullable Concurrency concurrency,
            @DefaultValue Map<String, Concurrency> concurrencies,
            @Nullable String key,
            @Nullable LimitPolicy policy,
            @Nullable String maxWait,
            @Nullable Integer maxQueue,
            @Nullable BackendFailurePolicy onBackendFailure,
            @DefaultValue("false") boolean hashKeys,
            @Nullable Backend backend,
            @DefaultValue Map<String, String> attributes,
            @Nullable String plan,
            @DefaultValue Map<String, Plan> plans) {}

    /**
     * The limits of a plan.
     *
     * @param rate Rate limit such as 100/1m. Short for rates.default.
     * @param rates Rate limits by name.
     * @param concurrency Concurrency limit: how many at once. Short for concurrencies.default.
     * @param concurrencies Concurrency limits by name.
     */
    public record Plan(
            @Nullable Rate rate,
            @DefaultValue Map<String, Rate> rates,
            @Nullable Concurrency concurrency,
            @DefaultValue Map<String, Concurrency> concurrencies) {}

    /**
     * A pool: a name that spreads acquisitions over several resources, its members. An acquisition fails over to the other members before
     * it is refused or waits.
     *
     * @param resources Members: names of resources, whose policy is the same.
     * @param strategy In which order the members are asked.
     * @param weights How often which member comes first under the strategy weighted, from 1 to 1000. 1 for those that are not named.
     */
    public record Pool(
            @DefaultValue List<String> resources,
            @DefaultValue("round-robin") PoolStrategy strategy,
            @DefaultValue Map<String, Integer> weights) {}

    /**
     * A rate limit. Short: {@code 500/1m}, which stands in {@code limit} then, as there is no window. Texts, so that whatever is
     * wrong with them is told with the name of the property.
     *
     * @param limit How much may be taken per window, from 1 to 10,000,000. A fraction such as 2.5/1s is read as 5/2s.
     * @param window Length of the window with its unit, such as 1m, PT1M, 100ms or 30d, from 1 ms to 30 days.
     * @param algorithm How it counts.
     * @param burst How much may be taken at once, of a token-bucket or leaky-bucket only, from 1 to 10,000,000. The limit of a
     *     token-bucket and 1 of a leaky-bucket if not set.
     */
    public record Rate(
            @Nullable String limit,
            @Nullable String window,
            @DefaultValue("sliding-window") RateAlgorithm algorithm,
            @Nullable String burst) {}

    /**
     * A concurrency limit. Short: {@code 20}. Texts, so that whatever is wrong with them is told with the name of the property.
     *
     * @param limit How many at once, from 1 to 1,000,000.
     * @param lease How long a slot is kept without a sign of life of its holder, from 100 ms to 1 day. As the application's if not
     *     set.
     * @param maxHold After this time a slot is taken back although its holder lives, from 1 ms to 30 days. Never if not set.
     */
    public record Concurrency(
            @Nullable String limit,
            @Nullable String lease,
            @Nullable String maxHold) {}
}
