package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.ratelimit.actuate.LimitsHealthIndicator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** An application whose Redis does not answer starts as if it did, and its health says how things are. */
class StartupWithoutRedisTests {

    /** Long enough that a startup which waits for an answer never ends. */
    private static final String NEVER = "1h";

    @Test
    void startsWhileRedisTakesConnectionsButNeverAnswers() throws IOException {
        ConfigurableApplicationContext context;
        try (ServerSocket silent = listening()) {
            context = startWithoutAnAnswer(silent.getLocalPort());
        }
        context.close(); // only now: the connection factory closes when nobody opens a connection
    }

    @Test
    void startsWhileThereIsNoRedis() throws IOException {
        startWithoutAnAnswer(unused()).close();
    }

    @Test
    void healthIsDownWhileRedisTakesConnectionsButNeverAnswers() throws IOException {
        try (ServerSocket silent = listening()) {
            healthIsDown(silent.getLocalPort());
        }
    }

    @Test
    void healthIsDownWhileThereIsNoRedis() throws IOException {
        healthIsDown(unused());
    }

    private static ConfigurableApplicationContext startWithoutAnAnswer(int port) {
        ConfigurableApplicationContext context =
                assertTimeoutPreemptively(Duration.ofMinutes(2), () -> start(port, NEVER));
        assertThat(context.isRunning()).isTrue();
        return context;
    }

    private static void healthIsDown(int port) {
        try (ConfigurableApplicationContext context = start(port, "100ms")) {
            LimitsHealthIndicator health = context.getBean(LimitsHealthIndicator.class);
            await().until(() -> health.health().getStatus().equals(Status.DOWN));
        }
    }

    private static ConfigurableApplicationContext start(int port, String patience) {
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .properties(
                        "spring.data.redis.port=" + port,
                        "spring.data.redis.timeout=" + patience,
                        "spring.data.redis.connect-timeout=" + patience,
                        "management.health.limits.enabled=true",
                        "ratelimit.command-timeout=" + patience,
                        "ratelimit.lease=1s",
                        "ratelimit.resources.pool.concurrency=10",
                        "ratelimit.resources.pool.rate=100/1m",
                        "ratelimit.resources.pool.policy=block",
                        "ratelimit.resources.pool.max-wait=1s")
                .run();
    }

    /** The system takes connections for it up to its backlog; nobody ever reads. */
    private static ServerSocket listening() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    private static int unused() throws IOException {
        try (ServerSocket socket = listening()) {
            return socket.getLocalPort();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}
}
