package io.ratelimit.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.sample.SampleRedisConfiguration.SharedRedis;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.test.util.TestSocketUtils;

class SampleRedisTests {

    private final SampleRedis redis = new SampleRedis(TestSocketUtils.findAvailableTcpPort());

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withUserConfiguration(SampleRedisConfiguration.class)
            .withPropertyValues("sample.redis-port=" + this.redis.port());

    @AfterEach
    void stop() throws IOException {
        if (this.redis.isUp()) {
            this.redis.stopIfUnused();
        }
    }

    @Test
    void startsWithTheFirstInstanceAndStopsWithTheLast() throws IOException {
        this.application.run((first) -> {
            assertThat(this.redis.isUp()).isTrue();
            try (Socket connectionOfTheFirst = connect()) {
                this.application.run((second) -> assertThat(second).hasSingleBean(SharedRedis.class));
                assertThat(this.redis.isUp()).isTrue();
            }
        });
        await().until(() -> !this.redis.isUp());
    }

    @Test
    void givesWayToARedisOfTheUsers() {
        this.application
                .withPropertyValues("spring.data.redis.host=redis.example.org")
                .run((context) -> {
                    assertThat(context).hasNotFailed().doesNotHaveBean(SharedRedis.class);
                    assertThat(this.redis.isUp()).isFalse();
                });
    }

    @Test
    void saysWhichPropertyToChangeIfItsPortIsTaken() throws Exception {
        try (ServerSocket web = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread answering = new Thread(() -> answerAsAWebServer(web));
            answering.start();
            this.application
                    .withPropertyValues("sample.redis-port=" + web.getLocalPort())
                    .run((context) -> assertThat(context)
                            .getFailure()
                            .rootCause()
                            .isInstanceOf(IOException.class)
                            .hasMessage("What listens there is not a Redis, or one with a password."));
            answering.join();
        }
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), this.redis.port());
    }

    private static void answerAsAWebServer(ServerSocket web) {
        try (Socket connection = web.accept()) {
            connection.getOutputStream().write("HTTP/1.1 400 \r\n\r\n".getBytes());
        } catch (IOException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
