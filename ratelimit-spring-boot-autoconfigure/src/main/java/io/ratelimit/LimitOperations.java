package io.ratelimit;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What an operator sees of the limits. Thread-safe.
 */
public interface LimitOperations {

    /**
     * Returns the name of this instance, as it stands in {@link PartitionSnapshot.Holder#instance()}.
     *
     * @return a name made at startup
     */
    String instance();

    /**
     * Returns the number of instances that share the limits, as last seen.
     *
     * @return the number, at least 1
     */
    int liveInstances();

    /**
     * Returns all resources.
     *
     * @return their definitions, ordered by name
     */
    List<ResourceDefinition> resources();

    /**
     * Returns all pools.
     *
     * @return their definitions, ordered by name
     */
    List<PoolDefinition> pools();

    /**
     * Looks at one partition: a resource, and a key where it has one.
     *
     * @param resource the name of the resource
     * @param key the key; {@code null}: the share without a key
     * @return a future of the live, cluster-wide state; fails with {@link BackendUnavailableException} if it cannot be asked
     * @throws IllegalArgumentException if there is no resource of that name
     */
    CompletableFuture<PartitionSnapshot> inspect(String resource, @Nullable String key);
}
