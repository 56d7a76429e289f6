package io.ratelimit.benchmarks;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefinition;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** This library. */
final class Ours implements Contestant {

    private static final RateLimit ENOUGH = RateLimit.of(Workload.ENOUGH_PER_SECOND, Duration.ofSeconds(1));

    private final OurLimiter ours;

    Ours(int port) {
        this.ours = new OurLimiter(
                port,
                ResourceDefinition.of("rate", OurLimiter.DEFAULTS, ENOUGH),
                ResourceDefinition.of("pair", OurLimiter.DEFAULTS, ConcurrencyLimit.of(Workload.ENOUGH_SLOTS)),
                ResourceDefinition.of("keys", OurLimiter.DEFAULTS, ENOUGH),
                ResourceDefinition.of("refused", OurLimiter.DEFAULTS, RateLimit.of(1, Duration.ofDays(1))));
    }

    @Override
    public Call call(Workload workload) throws Exception {
        String resource = workload.toString();
        Limiter limiter = this.ours.connected();
        return switch (workload) {
            case RATE, PAIR -> () -> take(limiter, LimitRequest.of(resource));
            case KEYS -> () -> take(limiter, LimitRequest.of(resource).key(randomKey()));
            case REFUSED -> {
                limiter.acquire(resource).close();
                yield () -> limiter.tryAcquire(LimitRequest.of(resource)).isPresent();
            }
        };
    }

    private static boolean take(Limiter limiter, LimitRequest request) {
        try (Permit permit = limiter.acquire(request)) {
            return true;
        }
    }

    private static String randomKey() {
        return Workload.RANDOM_KEYS.get(ThreadLocalRandom.current().nextInt(Workload.RANDOM_KEYS.size()));
    }

    @Override
    public void close() {
        this.ours.close();
    }
}
