package io.ratelimit.redis;

import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.LimitBackendContract;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.time.Duration;

@WithRedis
class RedisBackendTests extends LimitBackendContract {

    @Override
    protected LimitBackend backend(String instance) {
        return new RedisBackend(
                RedisConnections.to(RedisServer.shared()),
                "test:{braces}:",
                Duration.ofSeconds(10),
                new ScriptClock("given_clock.lua", (arguments) -> arguments.add(this.clock.getAsLong())),
                Duration.ZERO);
    }
}
