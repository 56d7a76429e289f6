package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.Limiter;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.SelfSigned;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** Redis behind TLS, a password, a pool, in another database, under a prefix: as an application configures it. */
class SecuredRedisTests {

    private static String[] address(RedisServer redis, String... more) {
        String[] all = new String[more.length + 2];
        all[0] = "spring.data.redis.host=" + redis.host();
        all[1] = "spring.data.redis.port=" + redis.port();
        System.arraycopy(more, 0, all, 2, more.length);
        return all;
    }

    @Test
    void isReachedOverTlsWithACertificateFromABundle(@TempDir Path directory) throws Exception {
        SelfSigned certificate = SelfSigned.make(directory);
        int port = RedisServer.freePort();
        try (RedisServer redis = RedisServer.start(
                "tls-port " + port,
                "tls-cert-file " + certificate.certificate(),
                "tls-key-file " + certificate.key(),
                "tls-ca-cert-file " + certificate.certificate(),
                "tls-auth-clients no")) {
            String[] encrypted = {
                "spring.data.redis.host=" + redis.host(), "spring.data.redis.port=" + port,
            };
            Workout.of(Workout.instance(encrypted)
                    .withPropertyValues(
                            "spring.ssl.bundle.pem.redis.truststore.certificate="
                                    + certificate.certificate().toUri(),
                            "spring.data.redis.ssl.bundle=redis"));

            Workout.instance(encrypted)
                    .withPropertyValues("spring.data.redis.ssl.enabled=true")
                    .run((trustsNobody) -> assertThatThrownBy(
                                    () -> trustsNobody.getBean(Limiter.class).acquire("pool"))
                            .isInstanceOf(BackendUnavailableException.class));
        }
    }

    @Test
    void isReachedWithAPassword() {
        try (RedisServer redis = RedisServer.start("requirepass open-sesame")) {
            Workout.of(Workout.instance(address(redis, "spring.data.redis.password=open-sesame")));
            Workout.of(Workout.instance(
                    "spring.data.redis.url=redis://:open-sesame@" + redis.host() + ":" + redis.port()));
        }
    }

    @Test
    void isUsedInTheDatabaseThatIsNamed() {
        try (RedisServer redis = RedisServer.start()) {
            Workout.of(Workout.instance(address(redis, "spring.data.redis.database=3")));

            assertThat(keys(redis, 3)).isNotEmpty();
            assertThat(keys(redis, 0)).isEmpty();
        }
    }

    @Test
    void isSharedByThoseWithOnePrefixOnly() {
        try (RedisServer redis = RedisServer.start()) {
            Workout.instance(address(redis)).run((shop) -> {
                shop.getBean(Limiter.class).acquire("pool");
                Workout.instance(address(redis, "ratelimit.key-prefix=ratelimit:office:"))
                        .run((office) -> assertThat(office.getBean(Limiter.class)
                                        .acquire("pool")
                                        .isValid())
                                .isTrue());
            });
            assertThat(keys(redis, 0))
                    .anyMatch((key) -> key.startsWith("ratelimit:office:{pool}"))
                    .anyMatch((key) -> key.startsWith("ratelimit:shop:{pool}"))
                    .allMatch((key) -> key.startsWith("ratelimit:office:") || key.startsWith("ratelimit:shop:"));
        }
    }

    @Test
    void isReachedThroughAPoolOfTwoConnections() {
        try (RedisServer redis = RedisServer.start()) {
            Workout.of(Workout.instance(address(
                    redis,
                    "spring.data.redis.lettuce.pool.enabled=true",
                    "spring.data.redis.lettuce.pool.max-active=2")));
        }
    }

    @Test
    void isReachedThroughConnectionsThatAreNotShared() {
        try (RedisServer redis = RedisServer.start()) {
            Workout.of(Workout.instance(address(redis))
                    .withBean(BeanPostProcessor.class, () -> new BeanPostProcessor() {
                        @Override
                        public Object postProcessBeforeInitialization(Object bean, String name) {
                            if (bean instanceof LettuceConnectionFactory factory) {
                                factory.setShareNativeConnection(false);
                            }
                            return bean;
                        }
                    }));
        }
    }

    private static List<String> keys(RedisServer redis, int database) {
        RedisURI address = RedisURI.create(redis.host(), redis.port());
        address.setDatabase(database);
        RedisClient client = RedisClient.create(address);
        try {
            RedisCommands<String, String> commands = client.connect().sync();
            return commands.keys("*");
        } finally {
            client.shutdown();
        }
    }
}
