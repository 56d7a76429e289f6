package io.ratelimit.benchmarks;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/** What one would write oneself: a sorted set of holders by the end of their lease, and waiters that ask every 10 ms. */
final class PolledSlots implements Slots {

    private static final Duration PAUSE = Duration.ofMillis(10);

    private static final String LEASE_MILLIS = "10000";

    /** KEYS: the holders; ARGV: name of the caller, number of slots, lease in ms; answers 1 if granted, else 0. */
    private static final String SCRIPT = """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
            if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
                return 0
            end
            redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
            redis.call('PEXPIRE', KEYS[1], ARGV[3])
            return 1
            """;

    private static final String[] KEYS = {"polled"};

    private final RedisClient client;

    private final StatefulRedisConnection<String, String> connection;

    private final RedisAsyncCommands<String, String> commands;

    private final String digest;

    private final String caller = UUID.randomUUID() + ":";

    private final AtomicLong lastCall = new AtomicLong();

    PolledSlots(int port) {
        this.client = RedisClient.create("redis://%s:%d".formatted(RedisProcess.HOST, port));
        this.connection = this.client.connect();
        this.commands = this.connection.async();
        this.digest = this.connection.sync().scriptLoad(SCRIPT);
    }

    @Override
    public Optional<Slot> take() throws InterruptedException, ExecutionException {
        String holder = this.caller + this.lastCall.incrementAndGet();
        long startNanos = System.nanoTime();
        while (!isGranted(holder)) {
            if (System.nanoTime() - startNanos > LONGEST_WAIT.toNanos()) {
                return Optional.empty();
            }
            Thread.sleep(PAUSE.toMillis());
        }
        return Optional.of(() -> this.commands.zrem(KEYS[0], holder));
    }

    private boolean isGranted(String holder) throws InterruptedException, ExecutionException {
        Long reply = this.commands
                .<Long>evalsha(
                        this.digest, ScriptOutputType.INTEGER, KEYS, holder, Integer.toString(COUNT), LEASE_MILLIS)
                .get();
        return reply == 1;
    }

    @Override
    public void close() {
        this.connection.close();
        this.client.shutdown();
    }
}
