package io.ratelimit.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ratelimit.ConcurrencyLimitExceededException;
import io.ratelimit.RateLimitExceededException;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Import;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import redis.embedded.RedisServer;
import redis.embedded.core.PortProvider;

/** An application that adds the starter, two annotations and the four lines of {@code application.yml}, and nothing else. */
@SpringBootTest
@DirtiesContext
class FirstStepsTests {

    private static final RedisServer REDIS = redis();

    @Autowired
    private Reporting reporting;

    @DynamicPropertySource
    static void useTheRedis(DynamicPropertyRegistry registry) throws IOException {
        REDIS.start();
        registry.add("spring.data.redis.port", () -> REDIS.ports().get(0));
    }

    @AfterAll
    static void stopTheRedis() throws IOException {
        REDIS.stop();
    }

    @Test
    void limitsHowOftenAMethodIsCalled() {
        for (int i = 0; i < 3; i++) {
            assertThat(this.reporting.report()).isEqualTo("report");
        }
        assertThatExceptionOfType(RateLimitExceededException.class).isThrownBy(this.reporting::report);
    }

    @Test
    void limitsHowManyCallsRunAtOnce() {
        assertThat(this.reporting.query(() -> "rows")).isEqualTo("rows");
        assertThatExceptionOfType(ConcurrencyLimitExceededException.class)
                .isThrownBy(() -> this.reporting.query(() -> this.reporting.query(() -> "rows")));
        assertThat(this.reporting.query(() -> "rows")).isEqualTo("rows");
    }

    private static RedisServer redis() {
        try {
            return RedisServer.newRedisServer()
                    .bind("127.0.0.1")
                    .port(PortProvider.newEphemeralPortProvider().get())
                    .setting("save \"\"")
                    .build();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    @SpringBootApplication
    @Import(Reporting.class)
    static class Application {}

    static class Reporting {

        @RateLimited("reports")
        String report() {
            return "report";
        }

        @ConcurrencyLimited("queries")
        String query(Supplier<String> rows) {
            return rows.get();
        }
    }
}
