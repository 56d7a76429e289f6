package io.ratelimit.benchmarks;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;

/**
 * The reference: one {@code EVALSHA} of a script that does nothing, over one Lettuce connection that all threads share; each waits for
 * its own reply. It does no work, so it is the same for all workloads.
 */
final class Bare implements Contestant {

    private final RedisClient client;

    private final StatefulRedisConnection<String, String> connection;

    Bare(int port) {
        this.client = RedisClient.create("redis://%s:%d".formatted(RedisProcess.HOST, port));
        this.connection = this.client.connect();
    }

    @Override
    public Call call(Workload workload) {
        String digest = this.connection.sync().scriptLoad("return 1");
        // not sync(): that adds a proxy and a deadline to each call
        RedisAsyncCommands<String, String> commands = this.connection.async();
        boolean granted = workload.granted();
        return () -> {
            commands.<Long>evalsha(digest, ScriptOutputType.INTEGER).get();
            return granted;
        };
    }

    @Override
    public void close() {
        this.connection.close();
        this.client.shutdown();
    }
}
