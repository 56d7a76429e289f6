package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitOperations;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.testkit.RedisServer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.WebApplicationType;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.StringRedisTemplate;

/** Two instances, one Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisTests {

    private RunningApplication here;

    private RunningApplication there;

    @BeforeAll
    void startTwo() {
        this.here = start();
        this.there = start();
    }

    @AfterAll
    void closeBoth() {
        this.here.close();
        this.there.close();
    }

    private static RunningApplication start() {
        return RunningApplication.start(
                WebApplicationType.NONE, RedisServer.shared(), "ratelimit.key-prefix=two:", "ratelimit.lease=2s");
    }

    private static Limiter limiter(RunningApplication application) {
        return application.bean(Limiter.class);
    }

    @Test
    void shareALimit() {
        Permit permit = limiter(this.here).acquire("held");
        Permit other = limiter(this.there).acquire("held");
        assertThat(other.fencingToken()).isGreaterThan(permit.fencingToken());
        assertThat(limiter(this.here).tryAcquire(LimitRequest.of("held"))).isEmpty();
        permit.close();
        Awaitility.await().untilAsserted(() -> {
            Optional<Permit> next = limiter(this.there).tryAcquire(LimitRequest.of("held"));
            assertThat(next).isPresent();
            next.get().close();
        });
        other.close();
        this.here.awaitHolders("held", 0);
    }

    @Test
    void handASlotFromOneToTheOther() {
        Permit permit = limiter(this.here).acquire("line");
        CompletableFuture<Permit> waiting = limiter(this.there).acquireAsync(LimitRequest.of("line"));
        this.here.awaitQueue("line", 1);
        permit.close();
        waiting.join().close();
        this.here.awaitHolders("line", 0);
    }

    @Test
    void knowEachOther() {
        Awaitility.await().until(() -> this.here.bean(LimitOperations.class).liveInstances() == 2);
    }

    @Test
    void goOnWhenRedisLostEverything() {
        RedisServer own = RedisServer.start();
        try (RunningApplication application = RunningApplication.start(
                WebApplicationType.NONE, own, "ratelimit.key-prefix=lost:", "ratelimit.lease=6s")) {
            Permit permit = limiter(application).acquire("strict");
            application.bean(StringRedisTemplate.class).execute((RedisCallback<Void>) (connection) -> {
                connection.serverCommands().flushAll();
                return null;
            });
            application.awaitHolders("strict", 1);
            assertThat(permit.isValid()).isTrue();
            permit.close();
            application.awaitHolders("strict", 0);
        } finally {
            own.close();
        }
    }
}
