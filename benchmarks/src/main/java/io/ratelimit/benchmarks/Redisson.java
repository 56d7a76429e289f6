package io.ratelimit.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.redisson.api.RPermitExpirableSemaphore;
import org.redisson.api.RRateLimiter;
import org.redisson.api.RSemaphore;
import org.redisson.api.RateType;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/**
 * Redisson, with the number of Netty threads that suits a small machine, which makes it faster there than its default, and that of its
 * other threads from the system property {@code redisson.threads}.
 */
final class Redisson implements Contestant {

    private static final long LEASE_MILLIS = 10_000;

    private final RedissonClient client;

    private final Calls calls;

    private Redisson(int port, Calls calls) {
        this.client = connect(port);
        this.calls = calls;
    }

    static RedissonClient connect(int port) {
        Config config = new Config();
        config.setNettyThreads(Integer.getInteger("redisson.netty-threads", 2));
        config.setThreads(Integer.getInteger("redisson.threads", config.getThreads()));
        config.useSingleServer().setAddress("redis://%s:%d".formatted(RedisProcess.HOST, port));
        return org.redisson.Redisson.create(config);
    }

    /** Its {@link RRateLimiter}. */
    static Contestant rateLimiter(int port) {
        return new Redisson(port, Redisson::rateCall);
    }

    /** Its {@link RPermitExpirableSemaphore}: slots with a lease. */
    static Contestant permits(int port) {
        return new Redisson(port, (client, workload) -> permitPairs(client));
    }

    /** Its {@link RSemaphore}: a number without owners. */
    static Contestant semaphore(int port) {
        return new Redisson(port, (client, workload) -> semaphorePairs(client));
    }

    @Override
    public Call call(Workload workload) {
        return this.calls.of(this.client, workload);
    }

    private static Call rateCall(RedissonClient client, Workload workload) {
        return switch (workload) {
            case RATE -> limiter(client, "rate", Workload.ENOUGH_PER_SECOND, Duration.ofSeconds(1))::tryAcquire;
            case KEYS -> {
                List<RRateLimiter> limiters = new ArrayList<>();
                for (String key : Workload.RANDOM_KEYS) {
                    limiters.add(limiter(client, key, Workload.ENOUGH_PER_SECOND, Duration.ofSeconds(1)));
                }
                yield () -> limiters.get(ThreadLocalRandom.current().nextInt(limiters.size()))
                        .tryAcquire();
            }
            case REFUSED -> {
                RRateLimiter limiter = limiter(client, "refused", 1, Duration.ofDays(1));
                limiter.acquire();
                yield limiter::tryAcquire;
            }
            case PAIR -> throw new IllegalArgumentException("A rate limiter has no slots");
        };
    }

    private static RRateLimiter limiter(RedissonClient client, String name, long rate, Duration window) {
        RRateLimiter limiter = client.getRateLimiter("redisson:" + name);
        limiter.trySetRate(RateType.OVERALL, rate, window);
        return limiter;
    }

    private static Call permitPairs(RedissonClient client) {
        RPermitExpirableSemaphore semaphore = client.getPermitExpirableSemaphore("redisson:permits");
        semaphore.trySetPermits(Workload.ENOUGH_SLOTS);
        return () -> {
            String permit = semaphore.tryAcquire(0, LEASE_MILLIS, TimeUnit.MILLISECONDS);
            if (permit == null) {
                return false;
            }
            semaphore.release(permit);
            return true;
        };
    }

    private static Call semaphorePairs(RedissonClient client) {
        RSemaphore semaphore = client.getSemaphore("redisson:semaphore");
        semaphore.trySetPermits(Workload.ENOUGH_SLOTS);
        return () -> {
            if (!semaphore.tryAcquire()) {
                return false;
            }
            semaphore.release();
            return true;
        };
    }

    @Override
    public void close() {
        this.client.shutdown();
    }

    private interface Calls {

        Call of(RedissonClient client, Workload workload);
    }
}
