package io.ratelimit.benchmarks;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.TimeMeter;
import io.github.bucket4j.distributed.ExpirationAfterWriteStrategy;
import io.github.bucket4j.distributed.proxy.ProxyManager;
import io.github.bucket4j.distributed.proxy.optimization.NopeOptimizationListener;
import io.github.bucket4j.distributed.proxy.optimization.Optimization;
import io.github.bucket4j.distributed.proxy.optimization.Optimizations;
import io.github.bucket4j.distributed.proxy.optimization.skiponzero.SkipSyncOnZeroOptimization;
import io.github.bucket4j.redis.lettuce.Bucket4jLettuce;
import io.lettuce.core.RedisClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Bucket4j over Lettuce: compare and swap, with one of its optimizations or none. */
final class Bucket4j implements Contestant {

    private final RedisClient client;

    private final ProxyManager<byte[]> buckets;

    private final Optional<Optimization> optimization;

    private Bucket4j(int port, Optional<Optimization> optimization) {
        this.client = RedisClient.create("redis://%s:%d".formatted(RedisProcess.HOST, port));
        this.buckets = Bucket4jLettuce.casBasedBuilder(this.client)
                .expirationAfterWrite(
                        ExpirationAfterWriteStrategy.basedOnTimeForRefillingBucketUpToMax(Duration.ofSeconds(10)))
                .build();
        this.optimization = optimization;
    }

    static Contestant plain(int port) {
        return new Bucket4j(port, Optional.empty());
    }

    /** Calls that come while one is under way leave together in the next. */
    static Contestant batching(int port) {
        return new Bucket4j(port, Optional.of(Optimizations.batching()));
    }

    /** Refuses from memory until the bucket has refilled by its own clock. */
    static Contestant skipOnZero(int port) {
        return new Bucket4j(
                port,
                Optional.of(
                        new SkipSyncOnZeroOptimization(NopeOptimizationListener.INSTANCE, TimeMeter.SYSTEM_NANOTIME)));
    }

    @Override
    public Call call(Workload workload) {
        return switch (workload) {
            case RATE -> {
                Bucket bucket = bucket("rate", Workload.ENOUGH_PER_SECOND, Duration.ofSeconds(1));
                yield () -> bucket.tryConsume(1);
            }
            case KEYS -> {
                List<Bucket> all = Workload.RANDOM_KEYS.stream()
                        .map((key) -> bucket(key, Workload.ENOUGH_PER_SECOND, Duration.ofSeconds(1)))
                        .toList();
                yield () ->
                        all.get(ThreadLocalRandom.current().nextInt(all.size())).tryConsume(1);
            }
            case REFUSED -> {
                Bucket bucket = bucket("refused", 1, Duration.ofDays(1));
                bucket.tryConsume(1);
                yield () -> bucket.tryConsume(1);
            }
            case PAIR -> throw new IllegalArgumentException("A bucket has no slots");
        };
    }

    private Bucket bucket(String name, long rate, Duration window) {
        BucketConfiguration configuration = BucketConfiguration.builder()
                .addLimit((limit) -> limit.capacity(rate).refillGreedy(rate, window))
                .build();
        var builder = this.buckets.builder();
        this.optimization.ifPresent(builder::withOptimization);
        return builder.build(("bucket4j:" + name).getBytes(StandardCharsets.US_ASCII), () -> configuration);
    }

    @Override
    public void close() {
        this.client.shutdown();
    }
}
