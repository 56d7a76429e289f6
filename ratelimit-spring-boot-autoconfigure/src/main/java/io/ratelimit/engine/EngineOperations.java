package io.ratelimit.engine;

import io.ratelimit.HotKey;
import io.ratelimit.LimitOperations;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.PoolDefinition;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Evict;
import io.ratelimit.backend.Operation.Forgive;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Reply;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * What operators see of the limits of an engine, and change of them. Thread-safe.
 */
final class EngineOperations implements LimitOperations {

    private static final Log logger = LogFactory.getLog(EngineOperations.class);

    private static final int MOST_HOLDERS = 100;

    private final String instance;

    private final ResourceRegistry resources;

    private final Route shared;

    private final Partitions partitions;

    private final KeyLimits keyLimits;

    private final HotKeys hotKeys;

    private final Acquirer acquirer;

    private final Overrides overrides;

    /**
     * Makes them.
     *
     * @param instance the name of this instance
     * @param resources the resources and pools
     * @param shared leads to the backend that all instances share
     * @param partitions knows the partitions and who else is live
     * @param keyLimits knows the limits that hold for keys
     * @param hotKeys counts what keys are refused
     * @param acquirer knows which resource is kept where
     * @param overrides changes resources at run time
     */
    EngineOperations(
            String instance,
            ResourceRegistry resources,
            Route shared,
            Partitions partitions,
            KeyLimits keyLimits,
            HotKeys hotKeys,
            Acquirer acquirer,
            Overrides overrides) {
        this.instance = instance;
        this.resources = resources;
        this.shared = shared;
        this.partitions = partitions;
        this.keyLimits = keyLimits;
        this.hotKeys = hotKeys;
        this.acquirer = acquirer;
        this.overrides = overrides;
    }

    @Override
    public String instance() {
        return this.instance;
    }

    @Override
    public int liveInstances() {
        return this.partitions.liveInstances();
    }

    @Override
    public boolean backendAvailable() {
        return !this.shared.isAway();
    }

    @Override
    public List<HotKey> hotKeys(String resource, int most) {
        return this.hotKeys.top(resource, most);
    }

    @Override
    public List<ResourceDefinition> resources() {
        return this.resources.all();
    }

    @Override
    public List<PoolDefinition> pools() {
        return this.resources.pools();
    }

    @Override
    public CompletableFuture<PartitionSnapshot> inspect(String resource, @Nullable String key) {
        ResourceDefinition definition = this.resources.get(resource);
        return this.keyLimits
                .of(definition, key)
                .thenCompose((terms) -> this.acquirer
                        .route(definition)
                        .execute(this.partitions.shared(terms, key), new Inspect(MOST_HOLDERS)))
                .thenApply((seen) -> Snapshots.of(resource, seen));
    }

    @Override
    public ResourceOverride overrideOf(String resource) {
        return this.resources.overrideOf(this.resources.get(resource).name());
    }

    @Override
    public CompletableFuture<ResourceDefinition> override(String resource, ResourceOverride changes) {
        return this.overrides.override(resource, changes).toCompletableFuture();
    }

    @Override
    public CompletableFuture<ResourceDefinition> resetOverride(String resource) {
        return this.overrides.reset(resource).toCompletableFuture();
    }

    @Override
    public CompletableFuture<Void> forceRelease(String resource, @Nullable String key, String permit) {
        // whatever an operator has sent: a name of a permit is letters, digits and a colon
        String printable = permit.replaceAll("[^\\w:-]", "?");
        return operate(resource, key, new Evict(permit), "The slots of the permit " + printable + " are taken away");
    }

    @Override
    public CompletableFuture<Void> clear(String resource, @Nullable String key) {
        return operate(resource, key, new Forgive(), "What is used of the rate limits is forgiven");
    }

    private CompletableFuture<Void> operate(
            String resource, @Nullable String key, Operation<Reply.Done> operation, String what) {
        ResourceDefinition definition = this.resources.get(resource);
        return this.acquirer
                .route(definition)
                .execute(this.partitions.shared(definition, key), operation)
                .thenAccept((done) -> logger.info("%s by an operator, of the resource '%s'%s"
                        .formatted(what, resource, (key != null) ? " for a key" : "")))
                .toCompletableFuture();
    }
}
