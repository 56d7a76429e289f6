package io.ratelimit.engine;

import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The permit of a call that goes on without one: observed, or let through while the backend is away. It holds nothing.
 */
final class FreePermit implements Permit {

    private final Acquisition acquisition;

    private final List<LimitStatus> limits;

    private volatile boolean closed;

    FreePermit(Acquisition acquisition, List<LimitStatus> limits) {
        this.acquisition = acquisition;
        this.limits = limits;
    }

    @Override
    public String resource() {
        return this.acquisition.definition().name();
    }

    @Override
    public @Nullable String key() {
        return this.acquisition.key();
    }

    @Override
    public Map<String, String> attributes() {
        return this.acquisition.definition().attributes();
    }

    @Override
    public List<LimitStatus> limits() {
        return this.limits;
    }

    @Override
    public boolean isValid() {
        return !this.closed;
    }

    @Override
    public void onLost(Runnable action) {
        // nothing is held, so nothing can be lost
    }

    @Override
    public long fencingToken() {
        return 0;
    }

    /** Nothing was charged, so there is nothing to correct. */
    @Override
    public void update(String limitName, long actual) {
        this.acquisition.rateLimit(limitName, actual);
        if (this.closed) {
            throw closed(resource());
        }
    }

    static IllegalStateException closed(String resource) {
        return new IllegalStateException(
                "The permit of the resource '%s' is closed; say what was used before that".formatted(resource));
    }

    @Override
    public void close() {
        this.closed = true;
    }
}
