package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceOverride.LimitOverride;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Changes at run time over three instances on a real Redis.
 */
@WithRedis
class RedisOverridesTests {

    private static final Duration LEASE = Duration.ofSeconds(3);

    private static final ResourceDefaults DEFAULTS = new ResourceDefaults(
            LEASE,
            ResourceDefaults.STANDARD.policy(),
            Duration.ofMinutes(5),
            ResourceDefaults.DEFAULT_MAX_QUEUE,
            ResourceDefaults.STANDARD.onBackendFailure());

    private final String prefix = "overrides:" + System.nanoTime() + ':';

    private final List<Instance> instances = new ArrayList<>();

    private final class Instance {

        private final RedisBackend backend =
                new RedisBackend(RedisConnections.to(RedisServer.shared()), prefix, Duration.ofMinutes(1));

        private final LimiterEngine engine = new LimiterEngine(
                new ResourceRegistry(
                        DEFAULTS,
                        List.of(ResourceDefinition.of(
                                "pool", DEFAULTS, new ConcurrencyLimit("default", 5, LEASE, null)))),
                this.backend,
                new MemoryBackend(),
                List.of());

        private Instance() {
            instances.add(this);
            this.engine.start();
        }

        private long limit() {
            return this.engine.operations().resources().get(0).limits().get(0).limit();
        }

        private void stop() {
            this.engine.stop();
            this.engine.close();
            this.backend.close();
        }
    }

    @AfterEach
    void stop() {
        this.instances.forEach(Instance::stop);
    }

    private static ResourceOverride slots(long limit) {
        return new ResourceOverride(
                List.of(new LimitOverride(LimitKind.CONCURRENCY, "default", limit, null)), null, null, null);
    }

    private static long used(Instance instance) {
        return instance.engine
                .operations()
                .inspect("pool", null)
                .join()
                .limits()
                .get(0)
                .used();
    }

    @Test
    void reachAllInstancesAndTheirWaitersOutliveThemAllAndAreTakenBack() {
        List<Instance> three =
                IntStream.range(0, 3).mapToObj((i) -> new Instance()).toList();
        List<CompletableFuture<Permit>> calls = IntStream.range(0, 105)
                .mapToObj((i) -> three.get(i % 3)
                        .engine
                        .acquireAsync(LimitRequest.of("pool").maxWait(Duration.ofMinutes(5))))
                .toList();
        await().untilAsserted(() -> assertThat(three.get(0)
                        .engine
                        .operations()
                        .inspect("pool", null)
                        .join()
                        .queued())
                .isEqualTo(100));

        three.get(1).engine.operations().override("pool", slots(60)).join();
        await().untilAsserted(() ->
                assertThat(calls.stream().filter(CompletableFuture::isDone)).hasSize(60));
        assertThat(used(three.get(2))).isEqualTo(60);
        await().untilAsserted(() -> assertThat(three).allMatch((instance) -> instance.limit() == 60));

        three.forEach(Instance::stop);
        this.instances.clear();
        List<Instance> restarted =
                IntStream.range(0, 3).mapToObj((i) -> new Instance()).toList();
        await().untilAsserted(() -> assertThat(restarted).allMatch((instance) -> instance.limit() == 60));

        restarted.get(2).engine.operations().resetOverride("pool").join();
        await().untilAsserted(() -> assertThat(restarted).allMatch((instance) -> instance.limit() == 5));
    }
}
