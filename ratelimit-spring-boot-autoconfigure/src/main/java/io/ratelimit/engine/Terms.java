package io.ratelimit.engine;

import io.ratelimit.ResourceDefinition;
import java.util.function.LongSupplier;

/**
 * A definition, and since when it holds for one key: what is newer counts, on all instances. Thread-safe.
 */
final class Terms {

    private final ResourceDefinition definition;

    private final Source source;

    private final long sinceNanos;

    /** The backend's time of that moment, once it is known. */
    private volatile long stampMicros;

    private Terms(ResourceDefinition definition, Source source, long sinceNanos) {
        this.definition = definition;
        this.source = source;
        this.sinceNanos = sinceNanos;
    }

    /** Makes those of a resource whose limits are the same for all keys. */
    static Terms of(ResourceDefinition definition) {
        return new Terms(definition, Source.REGISTRY, 0);
    }

    /** Makes those that were decided for one key, at a time that is not after anything they go by has been read. */
    static Terms resolved(ResourceDefinition definition, long sinceNanos) {
        return new Terms(definition, Source.RESOLVER, sinceNanos);
    }

    /** Makes those that hold as long as nobody knows better: they are older than any others. */
    static Terms unresolved(ResourceDefinition definition) {
        return new Terms(definition, Source.NOBODY, 0);
    }

    ResourceDefinition definition() {
        return this.definition;
    }

    /** Returns whether they are those of the resource itself, for all keys. */
    boolean areOfTheResource() {
        return this.source == Source.REGISTRY;
    }

    long sinceNanos() {
        return this.sinceNanos;
    }

    /** Returns the stamp; asks for it until it is known. */
    long stampMicros(LongSupplier stamp) {
        if (this.source == Source.RESOLVER && this.stampMicros == 0) {
            this.stampMicros = stamp.getAsLong();
        }
        return this.stampMicros;
    }

    private enum Source {
        REGISTRY,
        RESOLVER,
        NOBODY
    }
}
