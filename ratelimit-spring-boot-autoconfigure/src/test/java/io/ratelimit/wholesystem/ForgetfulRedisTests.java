package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.ratelimit.testkit.RedisServer;
import org.junit.jupiter.api.Test;

/** Two busy applications whose Redis loses everything, again and again. */
class ForgetfulRedisTests {

    @Test
    void costsNoMoreThanTheLimitOnceMoreAndLeaksNothing() {
        RedisServer redis = RedisServer.start();
        int port = redis.port();
        RedisClient client = RedisClient.create("redis://" + redis.host() + ":" + port);
        try (BusyApplications applications = new BusyApplications(
                        "spring.data.redis.host=" + redis.host(),
                        "spring.data.redis.port=" + port,
                        "ratelimit.lease=1s")
                .busy()) {
            for (int i = 0; i < 3; i++) {
                applications.awaitMoreGranted(50);
                client.connect().sync().flushall();
            }
            applications.awaitMoreGranted(50);
            redis.kill();
            redis = RedisServer.startOn(port);
            applications.awaitMoreGranted(50);
            applications.calmDown();

            System.out.printf("While Redis forgot: %s%n", applications);
            assertThat(applications.mostInUse()).isBetween(1, 2 * BusyApplications.SLOTS);
            assertThat(applications.repeatedTokens()).isZero();
            assertThat(applications.refused()).isZero();
            applications.assertThatAllSlotsAreThere();
        } finally {
            client.shutdown();
            redis.close();
        }
    }
}
