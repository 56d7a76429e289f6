package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MeterTests {

    private static double value(RunningApplication application, String meter, String tags, String statistic) {
        Map<String, Object> answer = application.json("/actuator/metrics/" + meter + "?tag=resource:watched" + tags);
        return ((List<?>) answer.get("measurements"))
                .stream()
                        .map((measurement) -> (Map<?, ?>) measurement)
                        .filter((measurement) -> statistic.equals(measurement.get("statistic")))
                        .mapToDouble((measurement) -> ((Number) measurement.get("value")).doubleValue())
                        .findFirst()
                        .orElseThrow();
    }

    @ParameterizedTest
    @EnumSource
    void countAcquisitionsAndSlots(Stack stack) {
        RunningApplication application = stack.application();
        Limiter limiter = application.bean(Limiter.class);
        assertThat(value(application, "ratelimit.acquire", "&tag=outcome:acquired", "COUNT"))
                .isZero();
        try (Permit permit = limiter.acquire("watched")) {
            assertThat(permit.isValid()).isTrue();
            assertThat(limiter.tryAcquire(LimitRequest.of("watched"))).isEmpty();
            assertThat(value(application, "ratelimit.acquire", "&tag=outcome:acquired", "COUNT"))
                    .isEqualTo(1);
            assertThat(value(application, "ratelimit.acquire", "&tag=outcome:rejected", "COUNT"))
                    .isEqualTo(1);
            assertThat(value(application, "ratelimit.slots.held", "", "VALUE")).isEqualTo(1);
            assertThat(value(application, "ratelimit.slots.limit", "", "VALUE")).isEqualTo(3);
            Awaitility.await().until(() -> value(application, "ratelimit.slots.active", "", "VALUE") == 1);
            assertThat(value(application, "ratelimit.rate.available", "", "VALUE"))
                    .isZero();
        }
        Awaitility.await().until(() -> value(application, "ratelimit.slots.active", "", "VALUE") == 0);
        assertThat(value(application, "ratelimit.slots.held", "", "VALUE")).isZero();
        assertThat(value(application, "ratelimit.hold", "", "COUNT")).isEqualTo(1);
    }
}
