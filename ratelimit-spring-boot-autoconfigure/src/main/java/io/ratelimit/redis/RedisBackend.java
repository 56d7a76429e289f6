package io.ratelimit.redis;

import io.ratelimit.Limit;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * Keeps partitions in Redis 6.2 or newer, or Valkey: standalone, Sentinel or Cluster. One script call per operation; the
 * machine is the Lua in {@code io/ratelimit/redis}. Thread-safe.
 */
public final class RedisBackend implements LimitBackend, AutoCloseable {

    private final LettuceScripting scripting;

    private final RedisKeys keys;

    private final ScriptClock clock;

    private final LuaScript partitionScript;

    private final LuaScript heartbeatScript;

    private final Map<String, EncodedLimits> encodedLimits = new ConcurrentHashMap<>();

    /**
     * Makes a backend, which begins to connect at once, without blocking anybody.
     *
     * @param connectionFactory the application's connection factory, of Lettuce
     * @param keyPrefix what all keys begin with; applications that share it share their limits
     * @param commandTimeout how long a call may take, connecting included
     * @throws io.ratelimit.LimitConfigurationException if the factory is not of Lettuce
     */
    public RedisBackend(RedisConnectionFactory connectionFactory, String keyPrefix, Duration commandTimeout) {
        this(connectionFactory, keyPrefix, commandTimeout, ScriptClock.REDIS);
    }

    RedisBackend(
            RedisConnectionFactory connectionFactory, String keyPrefix, Duration commandTimeout, ScriptClock clock) {
        this.scripting = new LettuceScripting(connectionFactory, commandTimeout);
        this.keys = new RedisKeys(keyPrefix);
        this.clock = clock;
        this.partitionScript = LuaScript.partition(clock.file());
        this.heartbeatScript = LuaScript.heartbeat(clock.file());
        this.scripting.connect();
    }

    @Override
    @SuppressWarnings("unchecked") // the script answers each operation with the reply of its type
    public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
        Arguments arguments = new Arguments()
                .add(partition.stampMicros())
                .add(encoded(partition))
                .add(partition.limits().size())
                .add(operation);
        return run(this.partitionScript, this.keys.of(partition), arguments)
                .thenApply((reply) -> (R) new ReplyReader(partition.limits(), reply).read(0));
    }

    @Override
    public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        Arguments arguments = new Arguments().add(instance).add(lease.toNanos() / 1_000);
        return this.scripting
                .connected()
                .thenCompose((connection) -> run(this.heartbeatScript, new byte[][] {this.keys.instances()}, arguments))
                .thenApply((reply) -> new Membership(((Long) reply.get(0)).intValue(), (Long) reply.get(1)));
    }

    private CompletionStage<List<Object>> run(LuaScript script, byte[][] keys, Arguments arguments) {
        this.clock.time().accept(arguments);
        return this.scripting.run(script, keys, arguments.toArray());
    }

    /** Gives the connection back. */
    @Override
    public void close() {
        this.scripting.close();
    }

    private String encoded(Partition partition) {
        EncodedLimits known = this.encodedLimits.get(partition.resource());
        if (known == null || known.limits() != partition.limits()) {
            known = new EncodedLimits(partition.limits(), LimitsText.write(partition.limits()));
            this.encodedLimits.put(partition.resource(), known);
        }
        return known.text();
    }

    private record EncodedLimits(List<Limit> limits, String text) {}
}
