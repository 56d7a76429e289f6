package io.ratelimit.engine;

import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceOverride.LimitOverride;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.Settings;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * What operators change at run time: written to the backend, read from there with every heartbeat, so that all instances go by the same.
 * Thread-safe.
 */
final class Overrides {

    private static final Log logger = LogFactory.getLog(Overrides.class);

    /** Stands among the settings from the first change on, so that none at all means that the backend has lost its state. */
    private static final String MARK = "/";

    private final Route backend;

    private final ResourceRegistry resources;

    private final BiConsumer<ResourceDefinition, Long> changed;

    private Settings known = new Settings(0, Map.of());

    private Map<String, ResourceOverride> applied = Map.of();

    /**
     * Makes one.
     *
     * @param backend where the changes are kept
     * @param resources what is changed
     * @param changed told of each definition that has changed, and when by the backend's clock
     */
    Overrides(Route backend, ResourceRegistry resources, BiConsumer<ResourceDefinition, Long> changed) {
        this.backend = backend;
        this.resources = resources;
        this.changed = changed;
    }

    /** Goes by what the backend knows. */
    CompletionStage<?> refresh() {
        return write(Map.of());
    }

    CompletionStage<ResourceDefinition> override(String resource, ResourceOverride changes) {
        ResourceDefinition configured =
                this.resources.configured(this.resources.get(resource).name()).orElseThrow();
        this.resources.overrideOf(resource).and(changes).applyTo(configured); // as startup would
        return write(OverrideSettings.write(resource, changes)).thenApply((settings) -> this.resources.get(resource));
    }

    CompletionStage<ResourceDefinition> reset(String resource) {
        this.resources.get(resource);
        return write(Map.of())
                .thenCompose((settings) -> write(OverrideSettings.remove(resource, settings.values())))
                .thenApply((settings) -> this.resources.get(resource));
    }

    private CompletionStage<Settings> write(Map<String, Optional<String>> changes) {
        Map<String, Optional<String>> marked = new HashMap<>(changes);
        if (!changes.isEmpty()) {
            marked.put(MARK, Optional.of("1"));
        }
        return this.backend.settings(marked).thenCompose((settings) -> {
            Map<String, Optional<String>> lost = learn(settings);
            return lost.isEmpty() ? CompletableFuture.completedStage(settings) : write(lost);
        });
    }

    /** Replies may overtake one another: the newest counts. Returns what the backend has lost. */
    private synchronized Map<String, Optional<String>> learn(Settings newest) {
        if (newest.atMicros() < this.known.atMicros() || newest.values().equals(this.known.values())) {
            return Map.of();
        }
        if (newest.values().isEmpty()) {
            return this.known.values().entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, (entry) -> Optional.of(entry.getValue())));
        }
        this.known = newest;
        Map<String, ResourceOverride> overrides = OverrideSettings.read(newest.values());
        Set<String> names = new HashSet<>(overrides.keySet());
        names.addAll(this.applied.keySet());
        names.forEach((name) -> apply(name, overrides.getOrDefault(name, ResourceOverride.NONE), newest.atMicros()));
        this.applied = overrides;
        return Map.of();
    }

    private void apply(String resource, ResourceOverride override, long atMicros) {
        ResourceOverride before = this.resources.overrideOf(resource);
        if (override.equals(before)) {
            return;
        }
        try {
            ResourceOverride fitting = fitting(resource, override);
            this.resources.override(resource, fitting).ifPresent((definition) -> {
                logger.info("The resource '%s' is changed at run time: %s (before: %s)"
                        .formatted(
                                resource,
                                OverrideSettings.describe(resource, fitting),
                                OverrideSettings.describe(resource, before)));
                this.changed.accept(definition, atMicros);
            });
        } catch (IllegalArgumentException ex) {
            logger.warn("The resource '%s' keeps its limits: what was changed at run time does not fit it. %s"
                    .formatted(resource, ex.getMessage()));
        }
    }

    /** A limit that was changed at run time, and is gone from the configuration since, is changed no more. */
    private ResourceOverride fitting(String resource, ResourceOverride override) {
        Optional<ResourceDefinition> configured = this.resources.configured(resource);
        if (configured.isEmpty()) {
            return override;
        }
        List<LimitOverride> known = override.limits().stream()
                .filter((limit) -> limit.isIn(configured.get()))
                .toList();
        return new ResourceOverride(known, override.policy(), override.maxWait(), override.enabled());
    }
}
