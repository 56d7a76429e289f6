package io.ratelimit.wholesystem;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.util.ConcurrentLruCache;

/**
 * How much an object of ours keeps: the size of the largest collection, map, cache or array that can be reached from it through fields of
 * our classes.
 */
final class LargestCollection {

    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    private final Deque<Object> toSee = new ArrayDeque<>();

    private int largest;

    private LargestCollection() {}

    static int within(Object root) throws IllegalAccessException {
        LargestCollection search = new LargestCollection();
        search.add(root);
        while (!search.toSee.isEmpty()) {
            search.look(search.toSee.remove());
        }
        return search.largest;
    }

    private void add(Object object) {
        if (object != null && this.seen.add(object)) {
            this.toSee.add(object);
        }
    }

    private void look(Object object) throws IllegalAccessException {
        if (object instanceof Map<?, ?> map) {
            measure(map.size());
            map.forEach((key, value) -> {
                add(key);
                add(value);
            });
        } else if (object instanceof Collection<?> collection) {
            measure(collection.size());
            collection.forEach(this::add);
        } else if (object instanceof ConcurrentLruCache<?, ?> cache) {
            measure(cache.size());
        } else if (object instanceof AtomicReference<?> reference) {
            add(reference.get());
        } else if (object instanceof Optional<?> optional) {
            optional.ifPresent(this::add);
        } else if (object.getClass().isArray()) {
            measure(Array.getLength(object));
            if (object instanceof Object[] array) {
                for (Object element : array) {
                    add(element);
                }
            }
        } else if (object.getClass().getName().startsWith("io.ratelimit.")) {
            lookInside(object);
        }
    }

    private void lookInside(Object object) throws IllegalAccessException {
        for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())
                        && !field.getType().isPrimitive()
                        && type.getName().startsWith("io.ratelimit.")) {
                    field.setAccessible(true);
                    add(field.get(object));
                }
            }
        }
    }

    private void measure(int size) {
        this.largest = Math.max(this.largest, size);
    }
}
