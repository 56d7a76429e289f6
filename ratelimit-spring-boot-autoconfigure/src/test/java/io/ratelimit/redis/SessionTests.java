package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

class SessionTests {

    private final RedisServer redis = RedisServer.start();

    private final LettuceConnectionFactory connections = RedisConnections.open("127.0.0.1", this.redis.port());

    @AfterEach
    void close() {
        this.connections.destroy();
        this.redis.close();
    }

    /** Else Lettuce would go on connecting one that nobody uses any more. */
    @Test
    void whoseConnectionIsLostIsOpenUntilItIsClosed() {
        Session session = Session.of(this.connections);
        this.redis.kill();
        await().until(session::isCutOff);
        assertThat(session.isOpen()).isTrue();
        session.close();
        assertThat(session.isOpen()).isFalse();
    }
}
