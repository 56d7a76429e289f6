package io.ratelimit.autoconfigure.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.actuate.LimitsHealthIndicator;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Settings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class RateLimitHealthAutoConfigurationTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(
                    AutoConfigurations.of(RateLimitAutoConfiguration.class, RateLimitHealthAutoConfiguration.class))
            .withPropertyValues(
                    "ratelimit.backend=memory",
                    "ratelimit.resources.pool.concurrency=1",
                    "ratelimit.resources.strict.concurrency=1",
                    "ratelimit.resources.strict.on-backend-failure=allow",
                    "ratelimit.resources.own.concurrency=1",
                    "ratelimit.resources.own.backend=memory");

    private final ApplicationContextRunner enabled =
            this.runner.withPropertyValues("management.health.limits.enabled=true");

    @Test
    void thereIsNoneUnlessItIsAskedFor() {
        this.runner.run((context) -> assertThat(context).doesNotHaveBean(LimitsHealthIndicator.class));
    }

    @Test
    void thereIsNoneWhereLimitsAreDisabledOrHealthIsMissing() {
        this.enabled
                .withPropertyValues("ratelimit.enabled=false")
                .run((context) -> assertThat(context).doesNotHaveBean(LimitsHealthIndicator.class));
        this.enabled
                .withClassLoader(new FilteredClassLoader("org.springframework.boot.health"))
                .run((context) -> assertThat(context).doesNotHaveBean("limitsHealthIndicator"));
    }

    @Test
    void itIsUpHoweverBusyTheLimitsAre() {
        this.enabled.run((context) -> {
            Limiter limiter = context.getBean(Limiter.class);
            assertThat(limiter.tryAcquire(LimitRequest.of("pool"))).isPresent();
            assertThat(limiter.tryAcquire(LimitRequest.of("pool"))).isEmpty();
            Health health = context.getBean(LimitsHealthIndicator.class).health();
            assertThat(health.getStatus()).isEqualTo(Status.UP);
            assertThat(health.getDetails())
                    .containsEntry("backend", "available")
                    .containsEntry("liveInstances", 1);
        });
    }

    @Test
    void itIsDownWhileTheBackendIsAwayAndTellsWhatHoldsMeanwhile() {
        this.enabled.withBean(LimitBackend.class, Away::new).run((context) -> {
            Limiter limiter = context.getBean(Limiter.class);
            for (int i = 0; i < 5; i++) {
                limiter.tryAcquire(LimitRequest.of("strict"));
            }
            Health health = context.getBean(LimitsHealthIndicator.class).health();
            assertThat(health.getStatus()).isEqualTo(Status.DOWN);
            assertThat(health.getDetails())
                    .containsEntry("backend", "away")
                    .containsEntry("onBackendFailure", Map.of("pool", "local", "strict", "allow"));
        });
    }

    private static final class Away implements LimitBackend {

        private static <T> CompletionStage<T> away() {
            return CompletableFuture.failedStage(new BackendUnavailableException("nobody there"));
        }

        @Override
        public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
            return away();
        }

        @Override
        public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
            return away();
        }

        @Override
        public void listen(String instance, GrantListener listener) {
            // nobody to listen to
        }

        @Override
        public CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
            return away();
        }
    }
}
