package io.ratelimit.starter;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.ClassUtils;

class StarterTests {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "io.ratelimit.LimitPolicy",
                "org.springframework.aop.Advisor",
                "org.springframework.data.redis.connection.RedisConnectionFactory",
                "io.lettuce.core.RedisClient",
                "org.springframework.boot.actuate.endpoint.annotation.Endpoint",
                "io.micrometer.core.instrument.MeterRegistry"
            })
    void bringsWhatTheLibraryNeeds(String className) {
        assertThat(isPresent(className)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "org.springframework.web.servlet.DispatcherServlet",
                "org.springframework.web.reactive.DispatcherHandler"
            })
    void leavesTheWebStackToTheApplication(String className) {
        assertThat(isPresent(className)).isFalse();
    }

    private static boolean isPresent(String className) {
        return ClassUtils.isPresent(className, StarterTests.class.getClassLoader());
    }
}
