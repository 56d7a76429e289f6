package io.ratelimit.redis;

import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.LimitBackendContract;
import io.ratelimit.testkit.RedisCluster;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.WithRedisCluster;
import java.time.Duration;

@WithRedisCluster
class RedisClusterBackendTests extends LimitBackendContract {

    @Override
    protected LimitBackend backend(String instance) {
        return new RedisBackend(
                RedisConnections.to(RedisCluster.shared()),
                "test:{braces}:",
                Duration.ofSeconds(10),
                new ScriptClock("given_clock.lua", (arguments) -> arguments.add(this.clock.getAsLong())),
                Duration.ZERO);
    }
}
