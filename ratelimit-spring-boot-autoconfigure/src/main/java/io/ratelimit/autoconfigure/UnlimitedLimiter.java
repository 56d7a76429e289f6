package io.ratelimit.autoconfigure;

import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.RateLimit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Grants everything, for applications that are configured with {@code ratelimit.enabled: false}.
 */
final class UnlimitedLimiter implements Limiter {

    @Override
    public Permit acquire(LimitRequest request) {
        return new UnlimitedPermit(request.resource(), request.key());
    }

    @Override
    public Optional<Permit> tryAcquire(LimitRequest request) {
        return Optional.of(acquire(request));
    }

    @Override
    public CompletableFuture<Permit> acquireAsync(LimitRequest request) {
        return CompletableFuture.completedFuture(acquire(request));
    }

    @Override
    public List<Permit> acquireAll(List<LimitRequest> requests) {
        return requests.stream().map(this::acquire).toList();
    }

    @Override
    public CompletableFuture<List<Permit>> acquireAllAsync(List<LimitRequest> requests) {
        return CompletableFuture.completedFuture(acquireAll(requests));
    }

    private static final class UnlimitedPermit implements Permit {

        private final String resource;

        private final @Nullable String key;

        private volatile boolean closed;

        UnlimitedPermit(String resource, @Nullable String key) {
            this.resource = resource;
            this.key = key;
        }

        @Override
        public String resource() {
            return this.resource;
        }

        @Override
        public @Nullable String key() {
            return this.key;
        }

        @Override
        public Map<String, String> attributes() {
            return Map.of();
        }

        @Override
        public List<LimitStatus> limits() {
            return List.of();
        }

        @Override
        public boolean isValid() {
            return !this.closed;
        }

        @Override
        public void onLost(Runnable action) {
            // nothing is held, so nothing is ever lost
        }

        @Override
        public long fencingToken() {
            return 0;
        }

        /** Nothing was charged, so there is nothing to correct. */
        @Override
        public void update(String limitName, long actual) {
            RateLimit.checkActual(limitName, actual);
            if (this.closed) {
                throw new IllegalStateException("The permit of the resource '%s' is closed".formatted(this.resource));
            }
        }

        @Override
        public void close() {
            this.closed = true;
        }
    }
}
