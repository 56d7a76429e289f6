package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class YamlTests {

    private final RunningApplication application = Stack.MVC.application();

    private final Limiter limiter = this.application.bean(Limiter.class);

    private ResourceDefinition definition(String resource) {
        return this.application.bean(ResourceRegistry.class).get(resource);
    }

    @Test
    void hasShortForms() {
        assertThat(definition("short-form").limits())
                .containsExactlyInAnyOrder(
                        new RateLimit("default", 2, Duration.ofHours(1), RateAlgorithm.SLIDING_WINDOW),
                        new ConcurrencyLimit("default", 1, Duration.ofSeconds(10), null));
    }

    @Test
    void hasLongForms() {
        ResourceDefinition definition = definition("long-form");
        assertThat(definition.limits())
                .containsExactlyInAnyOrder(
                        new RateLimit("calls", 5, Duration.ofHours(1), RateAlgorithm.TOKEN_BUCKET, 3),
                        new RateLimit("tokens", 100, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW),
                        new ConcurrencyLimit("default", 2, Duration.ofSeconds(30), Duration.ofMinutes(10)));
        assertThat(definition.onBackendFailure()).isEqualTo(BackendFailurePolicy.REJECT);
        assertThat(definition.attributes()).isEqualTo(Map.of("region", "north"));
        assertThat(definition.hashKeys()).isTrue();
    }

    @Test
    void hasPools() {
        try (Permit one = this.limiter.acquire("anywhere");
                Permit other = this.limiter.acquire("anywhere")) {
            assertThat(Stream.of(one, other).map((permit) -> permit.attributes().get("region")))
                    .containsExactlyInAnyOrder("east", "west");
            assertThat(this.limiter.tryAcquire(LimitRequest.of("anywhere"))).isEmpty();
        }
    }

    @Test
    void hasPlans() {
        for (int i = 0; i < 2; i++) {
            this.limiter.acquire(LimitRequest.of("planned").key("pro@me"));
        }
        assertThat(this.limiter.tryAcquire(LimitRequest.of("planned").key("pro@me")))
                .isEmpty();
        this.limiter.acquire(LimitRequest.of("planned").key("free@me"));
        assertThat(this.limiter.tryAcquire(LimitRequest.of("planned").key("free@me")))
                .isEmpty();
    }

    @Test
    void isWhatTheLimiterGoesBy() {
        try (Permit permit = this.limiter.acquire("short-form")) {
            assertThat(permit.isValid()).isTrue();
            assertThatExceptionOfType(LimitExceededException.class)
                    .isThrownBy(() -> this.limiter.acquire("short-form"))
                    .satisfies((ex) -> assertThat(ex.resource()).isEqualTo("short-form"));
        }
        this.limiter.acquire("short-form").close();
        assertThatExceptionOfType(LimitExceededException.class)
                .isThrownBy(() -> this.limiter.acquire("short-form"))
                .satisfies((ex) -> assertThat(ex.retryAfter()).isGreaterThan(Duration.ofMinutes(50)));
    }
}
