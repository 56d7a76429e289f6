package io.ratelimit;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What an operator sees of the limits. Thread-safe.
 *
 * @since 0.1.0
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
     * Returns whether the shared backend answers, as far as this instance knows from its last calls. Asks nobody.
     *
     * @return {@code false} while calls go by the {@code on-backend-failure} of their resource
     */
    boolean backendAvailable();

    /**
     * Returns the keys of a resource that are refused, and wait, most on this instance, over the last minutes.
     *
     * @param resource the name of the resource
     * @param most how many to return at most
     * @return the keys, the most often counted first
     */
    List<HotKey> hotKeys(String resource, int most);

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

    /**
     * Returns what is changed of a resource at run time, as far as this instance knows.
     *
     * @param resource the name of the resource
     * @return the changes, maybe none
     * @throws IllegalArgumentException if there is no resource of that name
     */
    ResourceOverride overrideOf(String resource);

    /**
     * Changes a resource at run time, on this instance at once and on all others with their next heartbeat. Instances that start later
     * go by it too. What was changed before and is not mentioned stays changed.
     *
     * @param resource the name of the resource
     * @param changes what to change
     * @return a future of the definition that now holds; fails with {@link BackendUnavailableException} if the backend cannot be asked;
     *     nothing is changed then, or everything
     * @throws IllegalArgumentException if there is no resource of that name, or the changes do not fit it
     */
    CompletableFuture<ResourceDefinition> override(String resource, ResourceOverride changes);

    /**
     * Takes back whatever is changed of a resource at run time.
     *
     * @param resource the name of the resource
     * @return a future of the definition that now holds; fails with {@link BackendUnavailableException} if the backend cannot be asked
     * @throws IllegalArgumentException if there is no resource of that name
     */
    CompletableFuture<ResourceDefinition> resetOverride(String resource);

    /**
     * Takes the slots of a permit away, whoever holds it, so that the next in line gets them at once. The holder's
     * {@link Permit#isValid()} turns {@code false} with its next heartbeat. What the permit took of rate limits stays charged.
     *
     * @param resource the name of the resource
     * @param key the key; {@code null}: the share without a key
     * @param permit the id of the permit, from {@link PartitionSnapshot.Holder#permit()}
     * @return a future that is complete when it is done; fails with {@link BackendUnavailableException} if the backend cannot be asked
     * @throws IllegalArgumentException if there is no resource of that name
     */
    CompletableFuture<Void> forceRelease(String resource, @Nullable String key, String permit);

    /**
     * Forgives what is used of the rate limits of a resource, debts included; whoever waits for them goes on at once. Slots stay held.
     *
     * @param resource the name of the resource
     * @param key the key; {@code null}: the share without a key
     * @return a future that is complete when it is done; fails with {@link BackendUnavailableException} if the backend cannot be asked
     * @throws IllegalArgumentException if there is no resource of that name
     */
    CompletableFuture<Void> clear(String resource, @Nullable String key);
}
