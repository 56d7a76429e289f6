package io.ratelimit;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The resources that this application knows: those of its configuration, and those that annotations define inline, each with what an
 * operator has changed of it at run time, and the pools that spread acquisitions over them. Thread-safe.
 *
 * @since 0.1.0
 */
public final class ResourceRegistry {

    private final ResourceDefaults defaults;

    /** Without what operators have changed. */
    private final Map<String, ResourceDefinition> configured = new ConcurrentHashMap<>();

    /** Those that hold. */
    private final Map<String, ResourceDefinition> definitions = new ConcurrentHashMap<>();

    private final Map<String, PoolDefinition> pools;

    private final Map<String, ResourceOverride> overrides = new ConcurrentHashMap<>();

    private final Map<String, Inline> inlines = new ConcurrentHashMap<>();

    private final List<Consumer<ResourceDefinition>> observers = new CopyOnWriteArrayList<>();

    /**
     * Makes a registry.
     *
     * @param defaults what holds for what a definition does not say
     * @param configured the resources of the configuration, which win over inline definitions
     */
    public ResourceRegistry(ResourceDefaults defaults, Collection<ResourceDefinition> configured) {
        this(defaults, configured, List.of());
    }

    /**
     * Makes a registry with pools.
     *
     * @param defaults what holds for what a definition does not say
     * @param configured the resources of the configuration, which win over inline definitions
     * @param pools the pools, whose members are all among those resources
     * @throws LimitConfigurationException if a pool has the name of a resource or another pool, a member that is not there, or members with
     *     different policies
     */
    public ResourceRegistry(
            ResourceDefaults defaults, Collection<ResourceDefinition> configured, Collection<PoolDefinition> pools) {
        this.defaults = defaults;
        configured.forEach((definition) -> this.configured.put(definition.name(), definition));
        this.definitions.putAll(this.configured);
        this.pools = PoolChecks.byName(pools, this.configured);
    }

    /**
     * Returns what holds for what a definition does not say.
     *
     * @return the defaults
     */
    public ResourceDefaults defaults() {
        return this.defaults;
    }

    /**
     * Returns all resources known now.
     *
     * @return a snapshot, ordered by name
     */
    public List<ResourceDefinition> all() {
        return new TreeSet<>(this.definitions.keySet())
                .stream().flatMap((name) -> find(name).stream()).toList();
    }

    /**
     * Returns a resource.
     *
     * @param name its name
     * @return its definition, or empty if there is none of that name
     */
    public Optional<ResourceDefinition> find(String name) {
        return Optional.ofNullable(this.definitions.get(name));
    }

    /**
     * Returns a resource that must be there.
     *
     * @param name its name
     * @return its definition
     * @throws IllegalArgumentException if there is none of that name; the message lists those there are
     */
    public ResourceDefinition get(String name) {
        ResourceDefinition definition = this.definitions.get(name);
        if (definition == null) {
            throw new IllegalArgumentException("There is no resource named '%s'. Known resources: %s%s"
                    .formatted(
                            name,
                            this.definitions.isEmpty() ? "none" : String.join(", ", names()),
                            this.pools.isEmpty() ? "" : "; pools: " + String.join(", ", this.pools.keySet())));
        }
        return definition;
    }

    /**
     * Returns all pools.
     *
     * @return the pools, ordered by name
     */
    public List<PoolDefinition> pools() {
        return List.copyOf(this.pools.values());
    }

    /**
     * Returns a pool.
     *
     * @param name its name
     * @return its definition, or empty if there is none of that name
     */
    public Optional<PoolDefinition> findPool(String name) {
        return Optional.ofNullable(this.pools.get(name));
    }

    /**
     * Returns the resources that a name stands for: the one resource of that name, or the members of the pool.
     *
     * @param name the name of a resource or pool
     * @return their definitions, those of members in the order of the pool; empty if there is neither
     */
    public List<ResourceDefinition> behind(String name) {
        PoolDefinition pool = this.pools.get(name);
        return (pool != null)
                ? pool.resources().stream().map(this::get).toList()
                : find(name).stream().toList();
    }

    /**
     * Adds a limit that an annotation carries inline. A limit of that kind in the configuration wins; without one, the inline
     * limit is added to what the configuration says of the resource.
     *
     * @param resource the name of the resource
     * @param limit the limit
     * @param declaredAt where it is declared, for messages
     * @return the definition that now holds
     * @throws LimitConfigurationException if the same kind of limit is declared elsewhere with other values, or the name is that of a pool
     */
    public ResourceDefinition defineInline(String resource, Limit limit, String declaredAt) {
        if (this.pools.containsKey(resource)) {
            throw new LimitConfigurationException(
                    "The inline limit at %s is on '%s', which is a pool: limits belong to its members."
                            .formatted(declaredAt, resource),
                    "Remove the inline limit, or give the annotation another name.");
        }
        Inline inline = new Inline(limit, declaredAt);
        Inline before = this.inlines.putIfAbsent(resource + '/' + limit.kind(), inline);
        if (before != null && !before.limit().equals(limit)) {
            throw new LimitConfigurationException(
                    "The resource '%s' is defined inline twice with different values: %s at %s, and %s at %s."
                            .formatted(resource, before.limit(), before.declaredAt(), limit, declaredAt),
                    "Make the two equal, give one of them another name, or define the resource under"
                            + " 'ratelimit.resources.%s'.".formatted(resource));
        }
        this.configured.compute(resource, (name, known) -> {
            if (known == null) {
                return ResourceDefinition.of(name, this.defaults, limit);
            }
            return known.has(limit.kind()) ? known : known.with(limit);
        });
        return define(resource);
    }

    /**
     * Changes a resource at run time, in place of what was changed of it before. What is changed of a resource that is not known yet
     * counts from when it is.
     *
     * @param resource the name of the resource
     * @param override the changes; {@link ResourceOverride#NONE} takes all back
     * @return the definition that now holds; empty if the resource is not known
     * @throws IllegalArgumentException if the changes do not fit the resource; nothing is changed then
     */
    public Optional<ResourceDefinition> override(String resource, ResourceOverride override) {
        ResourceDefinition definition = this.configured.get(resource);
        if (definition != null) {
            override.applyTo(definition);
        }
        this.overrides.put(resource, override);
        return definition != null ? Optional.of(define(resource)) : Optional.empty();
    }

    /**
     * Returns what is changed of a resource at run time.
     *
     * @param resource the name of the resource
     * @return the changes, maybe none
     */
    public ResourceOverride overrideOf(String resource) {
        return this.overrides.getOrDefault(resource, ResourceOverride.NONE);
    }

    /**
     * Returns a resource as it is without what is changed at run time.
     *
     * @param resource the name of the resource
     * @return its definition, or empty if there is none of that name
     */
    public Optional<ResourceDefinition> configured(String resource) {
        return Optional.ofNullable(this.configured.get(resource));
    }

    private ResourceDefinition define(String resource) {
        ResourceDefinition after = this.definitions.compute(resource, (name, before) -> {
            ResourceDefinition plain = Objects.requireNonNull(this.configured.get(name));
            ResourceOverride override = overrideOf(name);
            ResourceDefinition changed = override.isEmpty() ? plain : override.applyTo(plain);
            return changed.equals(before) ? before : changed;
        });
        this.observers.forEach((observer) -> observer.accept(after));
        return after;
    }

    /**
     * Tells an observer of every resource: those known now at once, later ones and changes as they come. It may see the same
     * definition more than once.
     *
     * @param observer called with each definition, on the thread that defines it
     */
    public void observe(Consumer<ResourceDefinition> observer) {
        this.observers.add(observer);
        all().forEach(observer);
    }

    private Set<String> names() {
        return new TreeSet<>(this.definitions.keySet());
    }

    private record Inline(Limit limit, String declaredAt) {}
}
