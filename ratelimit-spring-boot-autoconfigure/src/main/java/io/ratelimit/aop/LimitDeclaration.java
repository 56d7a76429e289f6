package io.ratelimit.aop;

import java.time.Duration;
import java.util.Optional;

/**
 * An annotation whose resource is known.
 *
 * @param annotation the annotation
 * @param resource the name of the resource, generated where the annotation has none
 * @param key the key expression, the annotation's or else the resource's; empty: one share for all
 * @param maxWait how long a call waits at most; empty: the annotation does not say
 */
record LimitDeclaration(LimitAnnotation annotation, String resource, String key, Optional<Duration> maxWait) {

    /** Returns what the key belongs to, for messages. */
    String keyAttribute() {
        return this.annotation.key().isEmpty() ? "key (of the resource '" + this.resource + "')" : "key";
    }
}
