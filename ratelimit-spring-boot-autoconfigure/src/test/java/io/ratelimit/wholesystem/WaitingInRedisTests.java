package io.ratelimit.wholesystem;

import io.ratelimit.testkit.RedisServer;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

class WaitingInRedisTests extends WaitingCalls {

    @DynamicPropertySource
    static void useRedis(DynamicPropertyRegistry registry) {
        registry.add("ratelimit.key-prefix", () -> "waiting-calls:");
        registry.add("spring.data.redis.host", RedisServer.shared()::host);
        registry.add("spring.data.redis.port", RedisServer.shared()::port);
    }
}
