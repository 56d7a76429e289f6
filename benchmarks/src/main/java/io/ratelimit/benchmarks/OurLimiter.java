package io.ratelimit.benchmarks;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitPolicy;
import io.ratelimit.Limiter;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** This library, put together as its auto-configuration does. */
final class OurLimiter implements AutoCloseable {

    /** A call that cannot ask Redis fails: it must not be answered from memory, which is faster. */
    static final ResourceDefaults DEFAULTS = new ResourceDefaults(
            ConcurrencyLimit.DEFAULT_LEASE,
            LimitPolicy.REJECT,
            Slots.LONGEST_WAIT,
            ResourceDefaults.DEFAULT_MAX_QUEUE,
            BackendFailurePolicy.REJECT);

    private final LettuceConnectionFactory connections;

    private final RedisBackend backend;

    private final LimiterEngine engine;

    OurLimiter(int port, ResourceDefinition... resources) {
        this.connections = new LettuceConnectionFactory(new RedisStandaloneConfiguration(RedisProcess.HOST, port));
        this.connections.afterPropertiesSet();
        this.connections.start();
        this.backend = new RedisBackend(this.connections, "ours:", Duration.ofSeconds(10));
        this.engine = new LimiterEngine(
                new ResourceRegistry(DEFAULTS, List.of(resources)), this.backend, new MemoryBackend(), List.of());
        this.engine.start();
    }

    /** Waits until it is connected. */
    Limiter connected() throws Exception {
        String any = this.engine.operations().resources().get(0).name();
        this.engine.operations().inspect(any, null).get(30, TimeUnit.SECONDS);
        return this.engine;
    }

    @Override
    public void close() {
        this.engine.stop();
        this.engine.close();
        this.backend.close();
        this.connections.destroy();
    }
}
