package io.ratelimit.web;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;

/**
 * A limit under the name that one response calls it by.
 *
 * @param name unique in the response
 * @param resource the name of the resource
 * @param status how the limit stands
 */
record Policy(String name, String resource, LimitStatus status) {

    boolean isOf(String resource, Limit limit) {
        Limit mine = this.status.limit();
        return this.resource.equals(resource)
                && mine.kind() == limit.kind()
                && mine.name().equals(limit.name());
    }
}
