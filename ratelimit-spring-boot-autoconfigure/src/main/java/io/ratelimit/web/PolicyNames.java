package io.ratelimit.web;

import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import java.util.HashSet;
import java.util.Set;

/**
 * Gives the limits of one response their names; {@link Decisions} says by which rule. The characters of resource and limit names
 * need no escaping in header fields.
 */
final class PolicyNames {

    private final Set<String> taken = new HashSet<>();

    private final Set<String> takenByResource = new HashSet<>();

    static String plain(String resource, Limit limit) {
        return Limit.DEFAULT_NAME.equals(limit.name()) ? resource : limit.name();
    }

    String next(String resource, Limit limit) {
        String name = withinResource(resource, limit);
        if (this.taken.contains(name)) {
            name = resource + '.' + name;
        }
        String unique = name;
        for (int i = 2; !this.taken.add(unique); i++) {
            unique = name + '-' + i;
        }
        return unique;
    }

    private String withinResource(String resource, Limit limit) {
        String name = plain(resource, limit);
        if (this.takenByResource.add(resource + '/' + name) || limit.kind() == LimitKind.RATE) {
            return name;
        }
        return name + "-concurrency";
    }
}
