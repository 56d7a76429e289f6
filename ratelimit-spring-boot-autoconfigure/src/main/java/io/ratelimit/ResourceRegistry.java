package io.ratelimit;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The resources that this application knows: those of its configuration, and those that annotations define inline.
 * Thread-safe.
 */
public final class ResourceRegistry {

    private final ResourceDefaults defaults;

    private final Map<String, ResourceDefinition> definitions = new ConcurrentHashMap<>();

    private final Map<String, Inline> inlines = new ConcurrentHashMap<>();

    private final List<Consumer<ResourceDefinition>> observers = new CopyOnWriteArrayList<>();

    /**
     * Makes a registry.
     *
     * @param defaults what holds for what a definition does not say
     * @param configured the resources of the configuration, which win over inline definitions
     */
    public ResourceRegistry(ResourceDefaults defaults, Collection<ResourceDefinition> configured) {
        this.defaults = defaults;
        configured.forEach((definition) -> this.definitions.put(definition.name(), definition));
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
            throw new IllegalArgumentException("There is no resource named '%s'. Known resources: %s"
                    .formatted(name, this.definitions.isEmpty() ? "none" : String.join(", ", names())));
        }
        return definition;
    }

    /**
     * Adds a limit that an annotation carries inline. A limit of that kind in the configuration wins; without one, the inline
     * limit is added to what the configuration says of the resource.
     *
     * @param resource the name of the resource
     * @param limit the limit
     * @param declaredAt where it is declared, for messages
     * @return the definition that now holds
     * @throws LimitConfigurationException if the same kind of limit is declared elsewhere with other values
     */
    public ResourceDefinition defineInline(String resource, Limit limit, String declaredAt) {
        Inline inline = new Inline(limit, declaredAt);
        Inline before = this.inlines.putIfAbsent(resource + '/' + limit.kind(), inline);
        if (before != null && !before.limit().equals(limit)) {
            throw new LimitConfigurationException(
                    "The resource '%s' is defined inline twice with different values: %s at %s, and %s at %s."
                            .formatted(resource, before.limit(), before.declaredAt(), limit, declaredAt),
                    "Make the two equal, give one of them another name, or define the resource under"
                            + " 'ratelimit.resources.%s'.".formatted(resource));
        }
        ResourceDefinition after = this.definitions.compute(resource, (name, known) -> {
            if (known == null) {
                return ResourceDefinition.of(name, this.defaults, limit);
            }
            return known.has(limit.kind()) ? known : known.with(limit);
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
