package io.ratelimit.engine;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.ResourceDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Puts limits that were decided for a key in the place of those of the resource.
 */
final class ResolvedLimits {

    private ResolvedLimits() {}

    /**
     * Returns the definition with the limits that hold for the key, in the order of the definition's own.
     *
     * @throws IllegalArgumentException if the resource has no limit of that kind and name
     */
    static ResourceDefinition in(ResourceDefinition definition, List<Limit> resolved) {
        List<Limit> limits = new ArrayList<>(definition.limits());
        for (Limit limit : resolved) {
            int index = indexOf(limit, definition);
            limits.set(index, asIn(definition.limits().get(index), limit));
        }
        return definition.limits(limits);
    }

    private static int indexOf(Limit limit, ResourceDefinition definition) {
        for (int i = 0; i < definition.limits().size(); i++) {
            Limit own = definition.limits().get(i);
            if (own.kind() == limit.kind() && own.name().equals(limit.name())) {
                return i;
            }
        }
        throw new IllegalArgumentException(
                "The resource '%s' has no %s limit '%s' that a LimitResolver could decide. Its limits: %s"
                        .formatted(
                                definition.name(),
                                limit.kind().name().toLowerCase(Locale.ROOT),
                                limit.name(),
                                definition.limits().stream().map(Limit::name).collect(Collectors.joining(", "))));
    }

    /** The lease is what heartbeats go by, which do not know all keys. */
    private static Limit asIn(Limit own, Limit resolved) {
        return (own instanceof ConcurrencyLimit slots && resolved instanceof ConcurrencyLimit more)
                ? new ConcurrencyLimit(more.name(), more.limit(), slots.lease(), more.maxHold())
                : resolved;
    }
}
