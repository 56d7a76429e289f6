package io.ratelimit.autoconfigure;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.autoconfigure.RateLimitProperties.Defaults;
import io.ratelimit.autoconfigure.RateLimitProperties.Resource;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Adds to resources and defaults what their properties say of waiting. The domain types know the bounds; as in
 * {@link LimitMapper}, asking for one value at a time finds out which property is out of them.
 */
final class WaitMapper {

    private static final String DEFAULTS = RateLimitProperties.PREFIX + ".defaults";

    private WaitMapper() {}

    static ResourceDefaults defaults(ResourceDefaults plain, Defaults properties) {
        ResourceDefaults waiting = plain;
        if (properties.maxWait() != null) {
            Setting setting = new Setting(DEFAULTS + ".max-wait", properties.maxWait());
            Duration maxWait = setting.duration();
            waiting = setting.make(() -> with(plain, maxWait, plain.maxQueue()), Setting.DURATION_FIX);
        }
        Duration maxWait = waiting.maxWait();
        return new Setting(DEFAULTS + ".max-queue", Integer.toString(properties.maxQueue()))
                .make(() -> with(plain, maxWait, properties.maxQueue()), Setting.NUMBER_FIX);
    }

    private static ResourceDefaults with(ResourceDefaults plain, @Nullable Duration maxWait, int maxQueue) {
        return new ResourceDefaults(plain.lease(), plain.policy(), maxWait, maxQueue, plain.onBackendFailure());
    }

    static ResourceDefinition definition(String path, ResourceDefinition plain, Resource properties) {
        ResourceDefinition waiting = plain;
        if (properties.maxWait() != null) {
            Setting setting = new Setting(path + ".max-wait", properties.maxWait());
            Duration maxWait = setting.duration();
            waiting = setting.make(() -> plain.waiting(maxWait, plain.maxQueue()), Setting.DURATION_FIX);
        }
        if (waiting.policy() == LimitPolicy.BLOCK && waiting.maxWait() == null) {
            throw withoutEnd(path, plain.name(), properties.policy() == LimitPolicy.BLOCK ? path : DEFAULTS);
        }
        Integer maxQueue = properties.maxQueue();
        if (maxQueue == null) {
            return waiting;
        }
        Duration maxWait = waiting.maxWait();
        return new Setting(path + ".max-queue", maxQueue.toString())
                .make(() -> plain.waiting(maxWait, maxQueue), Setting.NUMBER_FIX);
    }

    private static LimitConfigurationException withoutEnd(String path, String resource, String policyPath) {
        return new LimitConfigurationException(
                "The resource '%s' makes calls wait without an end: '%s.policy' is 'block', and neither '%s.max-wait' nor '%s.max-wait' is set."
                        .formatted(resource, policyPath, path, DEFAULTS),
                "Set one of the two to the longest wait, such as '%s.max-wait: 5s'.".formatted(path));
    }
}
