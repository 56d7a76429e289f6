package io.ratelimit.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

@WithRedis
class RedisServerTests {

    private RedisClient client;

    private RedisCommands<String, String> commands;

    @BeforeEach
    void connect(RedisServer redis) {
        client = RedisClient.create("redis://" + redis.host() + ":" + redis.port());
        commands = client.connect().sync();
    }

    @AfterEach
    void disconnect() {
        client.shutdown();
    }

    @Test
    void answersAPing() {
        assertThat(commands.ping()).isEqualTo("PONG");
    }

    @Test
    void isTheVersionThatTheBuildUnpacked() {
        assertThat(commands.info("server")).contains("redis_version:7.0.15");
    }

    @RepeatedTest(2)
    void isEmptyBeforeEachTest() {
        assertThat(commands.dbsize()).isZero();
        commands.set("left", "behind");
    }

    @Test
    void isGoneOnceClosed() throws IOException {
        RedisServer own = RedisServer.start();
        assertThat(own.port()).isNotEqualTo(RedisServer.shared().port());
        new Socket(own.host(), own.port()).close();
        own.close();
        own.close();
        assertThatThrownBy(() -> new Socket(own.host(), own.port())).isInstanceOf(ConnectException.class);
    }
}
