package io.ratelimit.wholesystem;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The main program of one worker JVM: an instance of an application that uses limits, without Spring around it. Writes one line for
 * every event to its standard output; see {@link Event}.
 */
public final class Worker {

    /** A worker that cannot ask fails instead of going on alone, so that no history is about something else. */
    private static final ResourceDefaults DEFAULTS = new ResourceDefaults(
            ConcurrencyLimit.DEFAULT_LEASE,
            LimitPolicy.REJECT,
            null,
            ResourceDefaults.DEFAULT_MAX_QUEUE,
            BackendFailurePolicy.REJECT);

    private Worker() {}

    /**
     * Runs until the time is over, then closes everything.
     *
     * @param arguments the port of Redis, what to do ({@code rate}, {@code slots} or {@code hold}), threads, seconds
     */
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        String job = arguments[1];
        int threads = Integer.parseInt(arguments[2]);
        long seconds = Long.parseLong(arguments[3]);
        LettuceConnectionFactory connections = RedisConnections.open("127.0.0.1", port);
        RedisBackend backend = new RedisBackend(connections, "whole:", Duration.ofSeconds(20));
        LimiterEngine engine = new LimiterEngine(
                new ResourceRegistry(
                        DEFAULTS,
                        List.of(
                                ResourceDefinition.of("rate", DEFAULTS, RateLimit.of(100, Duration.ofSeconds(1))),
                                ResourceDefinition.of("slots", DEFAULTS, ConcurrencyLimit.of(5)),
                                ResourceDefinition.of(
                                        "hold", new ConcurrencyLimit("default", 5, Duration.ofSeconds(2), null)))),
                backend,
                new MemoryBackend(),
                List.of());
        engine.start();
        engine.inspect(job, null).get(30, TimeUnit.SECONDS);
        Event.READY.print(0);
        System.in.read();
        long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        Thread[] runners = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            runners[i] = new Thread(() -> run(engine, job, endNanos));
            runners[i].start();
        }
        for (Thread runner : runners) {
            runner.join();
        }
        engine.stop();
        engine.close();
        backend.close();
        connections.destroy();
        Event.DONE.print(0);
    }

    private static void run(Limiter limiter, String job, long endNanos) {
        while (System.nanoTime() - endNanos < 0) {
            try (Permit permit = limiter.acquire(job)) {
                Event.GRANTED.print(permit.fencingToken());
                work(job, endNanos);
                Event.CLOSING.print(permit.fencingToken());
            } catch (LimitExceededException refused) {
                LockSupport.parkNanos(Math.min(refused.retryAfter().toNanos(), TimeUnit.MILLISECONDS.toNanos(2)));
            }
        }
    }

    private static void work(String job, long endNanos) {
        if (job.equals("slots")) {
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(4_000_000));
        } else if (job.equals("hold")) {
            LockSupport.parkNanos(endNanos - System.nanoTime());
        }
    }
}
