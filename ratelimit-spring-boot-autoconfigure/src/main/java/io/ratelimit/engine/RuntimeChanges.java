package io.ratelimit.engine;

import io.ratelimit.ResourceDefinition;
import io.ratelimit.backend.Operation.Renew;
import java.util.List;

/**
 * Brings a definition that was changed at run time to its partitions. Thread-safe.
 */
final class RuntimeChanges {

    private final Partitions partitions;

    private final KeyLimits keyLimits;

    private final Acquirer acquirer;

    private final Waiters waiters;

    /**
     * Makes one.
     *
     * @param partitions stamps limits
     * @param keyLimits knows the limits that hold for keys
     * @param acquirer knows which resource is kept where
     * @param waiters knows who waits
     */
    RuntimeChanges(Partitions partitions, KeyLimits keyLimits, Acquirer acquirer, Waiters waiters) {
        this.partitions = partitions;
        this.keyLimits = keyLimits;
        this.acquirer = acquirer;
        this.waiters = waiters;
    }

    /**
     * Tells the queues in which somebody waits at once: a higher limit is theirs first.
     *
     * @param definition what holds now
     * @param atMicros since when, by the backend's clock
     */
    void spread(ResourceDefinition definition, long atMicros) {
        this.partitions.restamp(definition, atMicros);
        Route route = this.acquirer.route(definition);
        boolean alikeForAllKeys = !this.keyLimits.concern(definition);
        this.waiters.places().stream()
                .filter((place) ->
                        place.route() == route && place.partition().resource().equals(definition.name()))
                .filter((place) -> alikeForAllKeys || place.partition().key() == null)
                .map((place) -> place.partition().key())
                .distinct()
                .forEach((key) ->
                        route.execute(this.partitions.sharedStored(definition, key), new Renew(List.of(), List.of())));
    }
}
