package io.ratelimit.autoconfigure;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.PoolDefinition;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.autoconfigure.RateLimitProperties.Backend;
import io.ratelimit.autoconfigure.RateLimitProperties.Plan;
import io.ratelimit.autoconfigure.RateLimitProperties.Pool;
import io.ratelimit.autoconfigure.RateLimitProperties.Resource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.expression.ParseException;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/**
 * Turns the properties into definitions of resources, once.
 */
final class ResourceMapper {

    private static final String RESOURCES = RateLimitProperties.PREFIX + ".resources";

    private static final String POOLS = RateLimitProperties.PREFIX + ".pools";

    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9-]+");

    private final ResourceDefaults defaults;

    private ResourceMapper(ResourceDefaults defaults) {
        this.defaults = defaults;
    }

    /**
     * Makes the registry of an application, pools included.
     *
     * @throws LimitConfigurationException for a value that makes no sense, naming its property
     */
    static ResourceRegistry registry(RateLimitProperties properties) {
        ResourceDefaults defaults = defaults(properties);
        ResourceMapper mapper = new ResourceMapper(defaults);
        List<ResourceDefinition> definitions = new ArrayList<>();
        properties.resources().forEach((name, resource) -> definitions.add(mapper.definition(name, resource)));
        List<PoolDefinition> pools = new ArrayList<>();
        properties.pools().forEach((name, pool) -> pools.add(pool(name, pool)));
        return new ResourceRegistry(defaults, definitions, pools);
    }

    private static PoolDefinition pool(String name, Pool pool) {
        return new Setting(POOLS + element(name), name)
                .make(
                        () -> new PoolDefinition(name, pool.resources(), pool.strategy(), pool.weights()),
                        "Correct the pool, such as '%s.resources: [resource-1, resource-2]'."
                                .formatted(POOLS + element(name)));
    }

    /** The full name of a resource's property. */
    static String path(String resource) {
        return RESOURCES + element(resource);
    }

    private static ResourceDefaults defaults(RateLimitProperties properties) {
        Setting lease = new Setting(
                RateLimitProperties.PREFIX + ".lease", properties.lease().toString());
        lease.make(() -> new ConcurrencyLimit(Limit.DEFAULT_NAME, 1, properties.lease(), null), Setting.DURATION_FIX);
        Setting policy = new Setting(
                RateLimitProperties.PREFIX + ".defaults.policy",
                properties.defaults().policy().name().toLowerCase(Locale.ROOT));
        ResourceDefaults plain = policy.make(
                () -> new ResourceDefaults(
                        properties.lease(),
                        properties.defaults().policy(),
                        null,
                        ResourceDefaults.DEFAULT_MAX_QUEUE,
                        properties.onBackendFailure()),
                Setting.oneOf(LimitPolicy.class));
        return WaitMapper.defaults(plain, properties.defaults());
    }

    private ResourceDefinition definition(String name, Resource resource) {
        String path = path(name);
        Plan own = new Plan(resource.rate(), resource.rates(), resource.concurrency(), resource.concurrencies());
        List<Limit> limits = limits(path, own, this.defaults.lease());
        String key = key(path, resource.key());
        ResourceDefinition plain = new Setting(path, name)
                .make(
                        () -> new ResourceDefinition(
                                name,
                                limits,
                                key,
                                policy(resource.policy()),
                                this.defaults.maxWait(),
                                this.defaults.maxQueue(),
                                onBackendFailure(resource.onBackendFailure()),
                                resource.hashKeys(),
                                resource.backend() == Backend.MEMORY,
                                resource.attributes()),
                        "Rename the resource.");
        return WaitMapper.definition(path, plain, resource);
    }

    /**
     * Returns the limits of a resource or plan.
     *
     * @throws LimitConfigurationException if there is none, or a value makes no sense
     */
    static List<Limit> limits(String path, Plan plan, Duration lease) {
        List<Limit> limits = new ArrayList<>();
        if (plan.rate() != null) {
            refuseBoth(path + ".rate", path + ".rates", plan.rates());
            limits.add(LimitMapper.rateLimit(path + ".rate", Limit.DEFAULT_NAME, plan.rate()));
        }
        plan.rates()
                .forEach(
                        (name, rate) -> limits.add(LimitMapper.rateLimit(path + ".rates" + element(name), name, rate)));
        if (plan.concurrency() != null) {
            refuseBoth(path + ".concurrency", path + ".concurrencies", plan.concurrencies());
            limits.add(
                    LimitMapper.concurrencyLimit(path + ".concurrency", Limit.DEFAULT_NAME, plan.concurrency(), lease));
        }
        plan.concurrencies()
                .forEach((name, concurrency) -> limits.add(LimitMapper.concurrencyLimit(
                        path + ".concurrencies" + element(name), name, concurrency, lease)));
        if (limits.isEmpty()) {
            throw new LimitConfigurationException(
                    "The property '%s' gives the resource no limit.".formatted(path),
                    "Add a limit, such as '%s.rate: 100/1m' or '%s.concurrency: 10'.".formatted(path, path));
        }
        return limits;
    }

    private static void refuseBoth(String shorthand, String byName, Map<String, ?> limits) {
        if (limits.containsKey(Limit.DEFAULT_NAME)) {
            throw new LimitConfigurationException(
                    "Both '%s' and '%s.%s' are set, and the first is short for the second."
                            .formatted(shorthand, byName, Limit.DEFAULT_NAME),
                    "Remove one of them.");
        }
    }

    private static @Nullable String key(String path, @Nullable String key) {
        if (key == null) {
            return null;
        }
        Setting setting = new Setting(path + ".key", key);
        String fix =
                "Write an expression such as user, ip or header('X-Api-Key'), or remove the property for one share for all.";
        if (key.isBlank()) {
            throw setting.wrong("The key is blank", fix, null);
        }
        try {
            new SpelExpressionParser().parseExpression(key);
        } catch (ParseException ex) {
            throw setting.wrong(
                    "It is not an expression: %s at position %d".formatted(ex.getSimpleMessage(), ex.getPosition()),
                    fix,
                    ex);
        }
        return key;
    }

    private LimitPolicy policy(@Nullable LimitPolicy policy) {
        return policy == null || policy == LimitPolicy.INHERIT ? this.defaults.policy() : policy;
    }

    private BackendFailurePolicy onBackendFailure(@Nullable BackendFailurePolicy policy) {
        return policy == null ? this.defaults.onBackendFailure() : policy;
    }

    static String element(String name) {
        return PLAIN_NAME.matcher(name).matches() ? "." + name : "[" + name + "]";
    }
}
