package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.KillArgs;
import io.lettuce.core.api.async.RedisServerAsyncCommands;
import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connections that Redis cuts in the middle of calls: some calls have not arrived, of some the reply is lost and the call is sent again.
 */
@WithRedis
class LostConnectionTests {

    private static final int CALLS = 2_000;

    private final LettuceConnectionFactory connections = RedisConnections.open(
            RedisServer.shared().host(), RedisServer.shared().port());

    private final RedisBackend backend = new RedisBackend(this.connections, "lost:", Duration.ofSeconds(5));

    private final LimiterEngine engine = new LimiterEngine(
            new ResourceRegistry(
                    ResourceDefaults.STANDARD,
                    List.of(ResourceDefinition.of(
                            "pool",
                            new ResourceDefaults(
                                    ConcurrencyLimit.DEFAULT_LEASE,
                                    LimitPolicy.REJECT,
                                    null,
                                    ResourceDefaults.DEFAULT_MAX_QUEUE,
                                    BackendFailurePolicy.REJECT),
                            ConcurrencyLimit.of(CALLS)))),
            this.backend,
            new MemoryBackend(),
            List.of());

    @BeforeEach
    void start() {
        this.engine.start();
        await().ignoreExceptions().until(() -> used() == 0);
    }

    @AfterEach
    void stop() {
        this.engine.stop();
        this.engine.close();
        this.backend.close();
        this.connections.destroy();
    }

    @Test
    void neitherLoseNorDoubleASlot() {
        List<CompletableFuture<Permit>> calls = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            calls.add(this.engine.acquireAsync(LimitRequest.of("pool")));
            if (i % 200 == 100) {
                cutAllConnections();
            }
        }
        List<Permit> granted = new ArrayList<>();
        for (CompletableFuture<Permit> call : calls) {
            call.handle((permit, failure) -> (permit != null) ? granted.add(permit) : null)
                    .join();
        }
        assertThat(granted).isNotEmpty();
        assertThat(granted.stream().map(Permit::fencingToken)).doesNotHaveDuplicates();
        await().atMost(Duration.ofSeconds(20)).ignoreExceptions().until(() -> used() == granted.size());
        for (int i = 0; i < granted.size(); i++) {
            granted.get(i).close();
            if (i % 200 == 100) {
                cutAllConnections();
            }
        }
        await().atMost(Duration.ofSeconds(20)).ignoreExceptions().until(() -> used() == 0);
        System.out.printf("%d of %d calls were granted across 10 cuts%n", granted.size(), CALLS);
    }

    private void cutAllConnections() {
        try (RedisConnection other = RedisConnections.to(RedisServer.shared()).getConnection()) {
            RedisServerAsyncCommands<?, ?> commands = (RedisServerAsyncCommands<?, ?>) other.getNativeConnection();
            commands.clientKill(KillArgs.Builder.typeNormal().skipme(true))
                    .toCompletableFuture()
                    .join();
        }
    }

    private long used() {
        return this.engine.inspect("pool", null).join().limits().stream()
                .mapToLong(LimitStatus::used)
                .sum();
    }
}
