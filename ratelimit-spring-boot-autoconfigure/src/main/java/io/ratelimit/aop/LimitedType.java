package io.ratelimit.aop;

import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The limited methods of a type of bean. Thread-safe.
 */
final class LimitedType {

    private final BeanType type;

    private final Map<Method, LimitedMethod> methods;

    private final Map<Method, Optional<LimitedMethod>> found = new ConcurrentHashMap<>();

    LimitedType(BeanType type, Map<Method, LimitedMethod> methods) {
        this.type = type;
        this.methods = Map.copyOf(methods);
    }

    Collection<LimitedMethod> methods() {
        return this.methods.values();
    }

    /**
     * Returns what limits a method.
     *
     * @param called the method as it is called: of the class, of an interface or a bridge
     * @return the limited method that then runs, or {@code null} if it is not limited
     */
    @Nullable
    LimitedMethod find(Method called) {
        Optional<LimitedMethod> known = this.found.get(called);
        if (known == null) {
            known = Optional.ofNullable(this.methods.get(this.type.specific(called)));
            this.found.put(called, known);
        }
        return known.orElse(null);
    }
}
