package io.ratelimit.autoconfigure;

import io.ratelimit.engine.LimiterEngine;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.SmartLifecycle;

/**
 * Starts and stops the engine with the application.
 *
 * <p>The phase lies above that of Redis connection factories (0) and below those of task executors (half of the highest) and of
 * the web server (its graceful shutdown is the highest less 1024). So limits work before the first request comes in, and
 * permits of work that ends during shutdown are still released.
 *
 * <p>There is no engine in a test that replaces the {@link io.ratelimit.Limiter} bean by a mock.
 */
final class EngineLifecycle implements SmartLifecycle {

    static final int PHASE = 1024;

    private final ObjectProvider<LimiterEngine> engine;

    private volatile boolean running;

    EngineLifecycle(ObjectProvider<LimiterEngine> engine) {
        this.engine = engine;
    }

    @Override
    public void start() {
        this.engine.ifAvailable(LimiterEngine::start);
        this.running = true;
    }

    @Override
    public void stop() {
        this.running = false;
        this.engine.ifAvailable(LimiterEngine::stop);
    }

    @Override
    public boolean isRunning() {
        return this.running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
