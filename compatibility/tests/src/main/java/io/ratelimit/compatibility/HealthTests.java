package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.testkit.RedisServer;
import java.net.http.HttpResponse;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HealthTests {

    @SuppressWarnings("unchecked")
    private static Map<String, Object> limits(HttpResponse<String> health) {
        Map<String, Object> components =
                (Map<String, Object>) RunningApplication.parse(health).get("components");
        return (Map<String, Object>) components.get("limits");
    }

    @ParameterizedTest
    @EnumSource
    void tellsThatTheBackendIsThereAndWhenItIsAway(Stack stack) {
        RedisServer redis = RedisServer.start();
        // not closed before the JVM ends: Reactor's threads, which all applications of a JVM share, would end with it
        RunningApplication application = stack.start(redis, "ratelimit.command-timeout=1s");
        try {
            Limiter limiter = application.bean(Limiter.class);
            Awaitility.await().untilAsserted(() -> {
                limiter.tryAcquire(LimitRequest.of("held")).ifPresent(Permit::close);
                assertThat(limits(application.get("/actuator/health")))
                        .isEqualTo(
                                Map.of("status", "UP", "details", Map.of("backend", "available", "liveInstances", 1)));
            });

            redis.close();
            Awaitility.await().untilAsserted(() -> {
                limiter.tryAcquire(LimitRequest.of("held"));
                HttpResponse<String> health = application.get("/actuator/health/limits");
                assertThat(health.statusCode()).isEqualTo(503);
                assertThat(RunningApplication.parse(health)).containsEntry("status", "DOWN");
                assertThat(RunningApplication.parse(health).get("details"))
                        .asString()
                        .contains("backend=away", "strict=reject", "held=local")
                        .doesNotContain("own=");
            });
        } finally {
            redis.close();
        }
    }
}
