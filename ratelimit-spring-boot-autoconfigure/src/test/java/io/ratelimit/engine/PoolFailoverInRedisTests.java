package io.ratelimit.engine;

import io.ratelimit.backend.LimitBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

@WithRedis
class PoolFailoverInRedisTests extends PoolFailover {

    private final LettuceConnectionFactory connections = RedisConnections.to(RedisServer.shared());

    private final List<RedisBackend> backends = new ArrayList<>();

    @Override
    LimitBackend backend() {
        RedisBackend backend = new RedisBackend(this.connections, "pool-tests:", Duration.ofSeconds(10));
        this.backends.add(backend);
        return backend;
    }

    @AfterEach
    void closeBackends() {
        this.backends.forEach(RedisBackend::close);
    }

    @Override
    void lose(String resource) {
        try (RedisConnection connection = this.connections.getConnection()) {
            byte[][] keys =
                    connection
                            .keyCommands()
                            .keys(("pool-tests:*{" + resource + "}*").getBytes(StandardCharsets.UTF_8))
                            .stream()
                            .toArray(byte[][]::new);
            if (connection.keyCommands().del(keys) == 0) {
                throw new IllegalStateException("There was nothing to lose");
            }
        }
    }
}
