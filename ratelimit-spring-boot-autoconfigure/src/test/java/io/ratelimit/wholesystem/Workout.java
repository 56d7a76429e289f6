package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitOperations;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.ResourceOverride;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/**
 * Two instances of an application that do one of everything over Redis. What is not allowed, does not arrive or is not there fails it.
 */
final class Workout {

    static final String PREFIX = "ratelimit:shop:";

    private Workout() {}

    /** An instance that reaches Redis as the properties say. */
    static ApplicationContextRunner instance(String... redis) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        SslAutoConfiguration.class, DataRedisAutoConfiguration.class, RateLimitAutoConfiguration.class))
                .withPropertyValues(
                        "ratelimit.key-prefix=" + PREFIX,
                        "ratelimit.command-timeout=10s",
                        "ratelimit.on-backend-failure=reject",
                        "ratelimit.lease=1s",
                        "ratelimit.resources.pool.concurrency=1",
                        "ratelimit.resources.pool.rate=1000/1m",
                        "ratelimit.resources.pool.policy=block",
                        "ratelimit.resources.pool.max-wait=1m",
                        "ratelimit.resources.api.rate=1000/1m")
                .withPropertyValues(redis);
    }

    /** Long enough for a busy machine. */
    private static ConditionFactory await() {
        return Awaitility.await();
    }

    /** Lets two instances work. */
    static void of(ApplicationContextRunner instance) {
        instance.run((first) -> {
            assertThat(first).hasNotFailed();
            instance.run((second) -> work(
                    first.getBean(Limiter.class),
                    second.getBean(Limiter.class),
                    second.getBean(LimitOperations.class)));
        });
    }

    /** One instance hands a slot to the other, which keeps it over some heartbeats; windows fill; limits change. */
    private static void work(Limiter first, Limiter second, LimitOperations operations) throws Exception {
        Permit held = first.acquire("pool");
        CompletableFuture<Permit> waiting = second.acquireAsync(LimitRequest.of("pool"));
        await().until(() -> operations.inspect("pool", null).join().queued() == 1);
        held.close();
        Permit granted = waiting.get(1, TimeUnit.MINUTES);
        await().until(() -> operations.inspect("pool", null).join().holders().stream()
                .anyMatch((holder) -> holder.age().compareTo(Duration.ofSeconds(2)) > 0));
        assertThat(granted.isValid()).isTrue();

        for (int i = 0; i < 200; i++) {
            first.acquire("api").close();
        }
        operations
                .override("api", new ResourceOverride(List.of(), LimitPolicy.OBSERVE, null, null))
                .join();
        operations.resetOverride("api").join();
        granted.close();
    }
}
