package io.ratelimit.actuate;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitOperations;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.actuate.LimitsDescription.PoolDescription;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * Actuator endpoint {@code limits}: what is limited, how the limits stand, and changes of them at run time.
 *
 * <ul>
 *   <li>{@code GET /actuator/limits}: this instance, the number of live instances, every resource and its live numbers, every pool and its members
 *   <li>{@code GET /actuator/limits/{resource}}: one resource with its holders and its queue; {@code ?key=} looks at the share of one key
 *   <li>{@code POST /actuator/limits/{resource}}: changes a limit, a window, the policy or the longest wait of a resource, or switches its
 *       limits off, on every instance; the change outlives them all
 *   <li>{@code DELETE /actuator/limits/{resource}}: takes back what was changed
 *   <li>{@code DELETE /actuator/limits/{resource}/{permit}}: takes the slots of a permit away; {@code ?key=} where there is one
 *   <li>{@code DELETE /actuator/limits/{resource}/usage}: forgives what is used of the rate limits; {@code ?key=} where there is one
 * </ul>
 *
 * <p>{@code management.endpoint.limits.access: read-only} allows the first two only. {@link LimitsDescription}, {@link ResourceDescription} and {@link UsageDescription} say what the fields mean. While the backend is away, definitions are shown all the same. Thread-safe.
 *
 * @since 0.1.0
 */
@Endpoint(id = "limits")
public final class LimitsEndpoint {

    private static final int MOST_HOT_KEYS = 10;

    private static final String USAGE = "usage";

    private static final Pattern PERMIT = Pattern.compile("[0-9a-z]{1,16}:[0-9a-z-]{1,32}");

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
                    ? CompletableFuture.completedFuture(
                            ResourceDescription.keyed(definition, override(definition), null))
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
            throw invalid("The key is blank: give one, or leave the parameter out");
        }
        return find(resource)
                .map((definition) -> (key == null && definition.key() != null)
                        ? ResourceDescription.keyed(
                                definition, override(definition), this.operations.hotKeys(resource, MOST_HOT_KEYS))
                        : describe(definition, key).join())
                .orElse(null);
    }

    private ResourceOverride override(ResourceDefinition definition) {
        return this.operations.overrideOf(definition.name());
    }

    /**
     * Changes a resource at run time. What is not given stays as it is.
     *
     * @param resource its name
     * @param limit how much may be taken: per window, or at once
     * @param window the window of a rate limit, such as {@code 1m} or {@code PT1M}
     * @param name which limit; needed if there are several and none is named {@code default}
     * @param kind {@code rate} or {@code concurrency}; needed if there is one of each of that name
     * @param policy what happens to every call that finds no permit: {@code reject}, {@code block} or {@code observe}
     * @param maxWait how long calls wait at most, such as {@code 5s}
     * @param enabled {@code false}: calls go on as if there were no limits
     * @return the description after the change
     * @throws InvalidEndpointRequestException (over HTTP: 400) if there is no such resource, or the change makes no sense
     * @throws BackendUnavailableException if the backend cannot be asked
     */
    @WriteOperation
    @SuppressWarnings("deprecation") // Spring Boot 3.5 knows no other annotation for an optional parameter
    public @Nullable ResourceDescription change(
            @Selector String resource,
            @org.springframework.lang.Nullable @Nullable Long limit,
            @org.springframework.lang.Nullable @Nullable String window,
            @org.springframework.lang.Nullable @Nullable String name,
            @org.springframework.lang.Nullable @Nullable String kind,
            @org.springframework.lang.Nullable @Nullable String policy,
            @org.springframework.lang.Nullable @Nullable String maxWait,
            @org.springframework.lang.Nullable @Nullable Boolean enabled) {
        LimitChange change = new LimitChange(limit, window, name, kind, policy, maxWait, enabled);
        return done(resource, null, () -> this.operations.override(resource, change.of(required(resource))));
    }

    /**
     * Takes back what was changed of a resource at run time.
     *
     * @param resource its name
     * @return the description after that
     * @throws InvalidEndpointRequestException (over HTTP: 400) if there is no such resource
     * @throws BackendUnavailableException if the backend cannot be asked
     */
    @DeleteOperation
    public @Nullable ResourceDescription reset(@Selector String resource) {
        return done(
                resource,
                null,
                () -> this.operations.resetOverride(required(resource).name()));
    }

    /**
     * Takes the slots of a permit away, or forgives what is used of rate limits.
     *
     * @param resource its name
     * @param what {@code usage}: forgive what is used of the rate limits; else the id of the permit, from {@code holders}
     * @param key whose share is meant; none for the share without a key
     * @return the description after that
     * @throws InvalidEndpointRequestException (over HTTP: 400) if there is no such resource, or no key is given where one is needed
     * @throws BackendUnavailableException if the backend cannot be asked
     */
    @DeleteOperation
    @SuppressWarnings("deprecation") // Spring Boot 3.5 knows no other annotation for an optional parameter
    public @Nullable ResourceDescription take(
            @Selector String resource, @Selector String what, @org.springframework.lang.Nullable @Nullable String key) {
        return done(resource, key, () -> {
            ResourceDefinition definition = required(resource);
            if (definition.key() != null && key == null) {
                throw new IllegalArgumentException("The resource '%s' has a key: say which".formatted(resource));
            }
            return USAGE.equals(what)
                    ? this.operations.clear(resource, key)
                    : this.operations.forceRelease(resource, key, permit(what));
        });
    }

    private static String permit(String id) {
        if (!PERMIT.matcher(id).matches()) {
            throw new IllegalArgumentException(
                    "Neither 'usage' nor the id of a permit, such as '3n5c1ke9ah2o:1f', as 'holders' shows it");
        }
        return id;
    }

    private ResourceDefinition required(String resource) {
        return find(resource).orElseThrow(() -> new IllegalArgumentException(noSuchResource()));
    }

    /** Says that there is no resource of a name, without the name: it may be anything. */
    String noSuchResource() {
        return "There is no resource of that name. Known resources: "
                + this.operations.resources().stream()
                        .map(ResourceDefinition::name)
                        .toList();
    }

    /** Waits until a change is made, and shows what it has led to. */
    private @Nullable ResourceDescription done(
            String resource, @Nullable String key, Supplier<CompletableFuture<?>> change) {
        try {
            change.get()
                    .copy()
                    .orTimeout(this.patience.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        } catch (IllegalArgumentException ex) {
            throw invalid(String.valueOf(ex.getMessage()));
        } catch (CompletionException ex) {
            throw new BackendUnavailableException("The change may not have been made: " + reason(ex), ex);
        }
        return resource(resource, key);
    }

    private static InvalidEndpointRequestException invalid(String reason) {
        return new InvalidEndpointRequestException(reason, reason);
    }

    private Optional<ResourceDefinition> find(String resource) {
        return this.operations.resources().stream()
                .filter((definition) -> definition.name().equals(resource))
                .findFirst();
    }

    /** Asks the backend; the future never fails and completes in bounded time. */
    private CompletableFuture<ResourceDescription> describe(ResourceDefinition definition, @Nullable String key) {
        return inspect(definition, key)
                .orTimeout(this.patience.toMillis(), TimeUnit.MILLISECONDS)
                .handle((snapshot, failure) -> failure == null
                        ? ResourceDescription.live(definition, override(definition), snapshot)
                        : ResourceDescription.unavailable(definition, override(definition), reason(failure)));
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
