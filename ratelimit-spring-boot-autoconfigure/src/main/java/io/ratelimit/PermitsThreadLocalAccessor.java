package io.ratelimit;

import io.micrometer.context.ThreadLocalAccessor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets Micrometer's context propagation carry {@link Permits#current()} between threads and Reactor contexts. It is found by its
 * service file, where that library is on the classpath.
 *
 * @since 0.1.0
 */
public final class PermitsThreadLocalAccessor implements ThreadLocalAccessor<List<Permit>> {

    /**
     * Makes an accessor.
     */
    public PermitsThreadLocalAccessor() {}

    @Override
    public Object key() {
        return Permits.KEY;
    }

    @Override
    public @Nullable List<Permit> getValue() {
        List<Permit> current = Permits.current();
        return current.isEmpty() ? null : current;
    }

    @Override
    public void setValue(List<Permit> current) {
        Permits.set(current);
    }

    @Override
    public void setValue() {
        Permits.set(List.of());
    }
}
