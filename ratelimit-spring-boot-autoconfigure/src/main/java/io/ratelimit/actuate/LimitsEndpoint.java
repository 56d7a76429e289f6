package io.ratelimit.actuate;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitOperations;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.actuate.LimitsDescription.PoolDescription;
import io.ratelimit.actuate.LimitsDescription.ResourceDescription;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

/**
 * Actuator endpoint {@code limits}: what is limited and how the limits stand. Read-only.
 *
 * <ul>
 *   <li>{@code GET /actuator/limits}: this instance, the number of live instances, every resource and its live numbers, every pool and its members
 *   <li>{@code GET /actuator/limits/{resource}}: one resource with its holders and its queue; {@code ?key=} looks at the share of one key
 * </ul>
 *
 * <p>{@link LimitsDescription} says what the fields mean. While the backend is away, definitions are shown all the same. Thread-safe.
 */
@Endpoint(id = "limits")
public final class LimitsEndpoint {

    private final LimitOperations operations;

    private final Duration patience;

    /**
     * Makes the endpoint.
     *
     * @param operations what it shows
     * @param patience how long an answer may take at most, above 0
     */
    public LimitsEndpoint(LimitOperations operations, Duration patience) {
        this.operations = operations;
        this.patience = patience;
    }

    /**
     * Shows all resources and pools.
     *
     * @return the description; without holders and queue
     */
    @ReadOperation
    public LimitsDescription limits() {
        Map<String, CompletableFuture<ResourceDescription>> pending = new LinkedHashMap<>();
        for (ResourceDefinition definition : this.operations.resources()) {
            CompletableFuture<ResourceDescription> description = definition.key() != null
                    ? CompletableFuture.completedFuture(ResourceDescription.keyed(definition))
                    : describe(definition, null).thenApply(ResourceDescription::withoutCalls);
            pending.put(definition.name(), description);
        }
        Map<String, ResourceDescription> resources = new LinkedHashMap<>();
        pending.forEach((name, description) -> resources.put(name, description.join()));
        Map<String, PoolDescription> pools = new LinkedHashMap<>();
        this.operations.pools().forEach((pool) -> pools.put(pool.name(), PoolDescription.of(pool)));
        return new LimitsDescription(this.operations.instance(), this.operations.liveInstances(), resources, pools);
    }

    /**
     * Shows one resource.
     *
     * @param resource its name
     * @param key whose share to look at; none for the share without a key
     * @return the description, or {@code null} (over HTTP: 404) if there is no such resource
     */
    @ReadOperation
    @SuppressWarnings("deprecation") // Spring Boot 3.5 knows no other annotation for an optional parameter
    public @Nullable ResourceDescription resource(
            @Selector String resource, @org.springframework.lang.Nullable @Nullable String key) {
        if (key != null && key.isBlank()) {
            throw new InvalidEndpointRequestException("The key is blank", "Give a key, or leave the parameter out");
        }
        for (ResourceDefinition definition : this.operations.resources()) {
            if (definition.name().equals(resource)) {
                return key == null && definition.key() != null
                        ? ResourceDescription.keyed(definition)
                        : describe(definition, key).join();
            }
        }
        return null;
    }

    /** Asks the backend; the future never fails and completes in bounded time. */
    private CompletableFuture<ResourceDescription> describe(ResourceDefinition definition, @Nullable String key) {
        return inspect(definition, key)
                .orTimeout(this.patience.toMillis(), TimeUnit.MILLISECONDS)
                .handle((snapshot, failure) -> failure == null
                        ? ResourceDescription.live(definition, snapshot)
                        : ResourceDescription.unavailable(definition, reason(failure)));
    }

    private CompletableFuture<PartitionSnapshot> inspect(ResourceDefinition definition, @Nullable String key) {
        try {
            // a copy: the time-out must not end a future that others may wait for
            return this.operations.inspect(definition.name(), key).copy();
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    /** Only messages that are known to carry no keys or secrets are shown. */
    private String reason(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof TimeoutException) {
            return "The backend did not answer within " + this.patience;
        }
        return cause instanceof BackendUnavailableException
                ? String.valueOf(cause.getMessage())
                : "The backend could not be asked: " + cause.getClass().getSimpleName();
    }
}
