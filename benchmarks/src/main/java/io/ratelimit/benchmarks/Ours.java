package io.ratelimit.benchmarks;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** This library, put together as its auto-configuration does. */
final class Ours implements Contestant {

    /** A call that cannot ask Redis fails: it must not be answered from memory, which is faster. */
    private static final ResourceDefaults DEFAULTS = new ResourceDefaults(
            ConcurrencyLimit.DEFAULT_LEASE, LimitPolicy.REJECT, null, 1_000, BackendFailurePolicy.REJECT);

    private static final RateLimit ENOUGH = RateLimit.of(Workload.ENOUGH_PER_SECOND, Duration.ofSeconds(1));

    private final LettuceConnectionFactory connections;

    private final RedisBackend backend;

    private final LimiterEngine limiter;

    Ours(int port) {
        this.connections = new LettuceConnectionFactory(new RedisStandaloneConfiguration(RedisProcess.HOST, port));
        this.connections.afterPropertiesSet();
        this.connections.start();
        this.backend = new RedisBackend(this.connections, "ours:", Duration.ofSeconds(10));
        ResourceRegistry resources = new ResourceRegistry(
                DEFAULTS,
                List.of(
                        ResourceDefinition.of("rate", DEFAULTS, ENOUGH),
                        ResourceDefinition.of("pair", DEFAULTS, ConcurrencyLimit.of(Workload.ENOUGH_SLOTS)),
                        ResourceDefinition.of("keys", DEFAULTS, ENOUGH),
                        ResourceDefinition.of("refused", DEFAULTS, RateLimit.of(1, Duration.ofDays(1)))));
        this.limiter = new LimiterEngine(resources, this.backend, new MemoryBackend(), List.of());
        this.limiter.start();
    }

    @Override
    public Call call(Workload workload) throws Exception {
        String resource = workload.toString();
        // returns when it is connected
        this.limiter.inspect(resource, null).get(30, TimeUnit.SECONDS);
        return switch (workload) {
            case RATE, PAIR -> () -> take(LimitRequest.of(resource));
            case KEYS -> () -> take(LimitRequest.of(resource).key(randomKey()));
            case REFUSED ->
                () -> this.limiter.tryAcquire(LimitRequest.of(resource)).isPresent();
        };
    }

    private boolean take(LimitRequest request) {
        try (Permit permit = this.limiter.acquire(request)) {
            return true;
        }
    }

    private static String randomKey() {
        return Workload.RANDOM_KEYS.get(ThreadLocalRandom.current().nextInt(Workload.RANDOM_KEYS.size()));
    }

    @Override
    public void close() {
        this.limiter.stop();
        this.limiter.close();
        this.backend.close();
        this.connections.destroy();
    }
}
