package io.ratelimit.wholesystem;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.ScoredValue;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Talks to Redis past the workers: counts, and does harm.
 */
final class RedisProbe implements AutoCloseable {

    private static final String TOKEN = "token:";

    private static final Pattern CLIENT = Pattern.compile("id=(\\d+) .* flags=(\\S+) .* cmd=(\\S+)");

    private final RedisClient client;

    private final RedisCommands<String, String> commands;

    /** A character for a byte. */
    private final RedisCommands<String, String> bytes;

    RedisProbe(int port) {
        this.client = RedisClient.create("redis://127.0.0.1:" + port);
        this.commands = this.client.connect().sync();
        this.bytes = this.client.connect(new StringCodec(ISO_8859_1)).sync();
    }

    /** Sends a token that whoever watches Redis sees, and returns it. */
    String echo() {
        return this.commands.echo(TOKEN + UUID.randomUUID());
    }

    static boolean isToken(MonitorLine line) {
        return line.command().equalsIgnoreCase("ECHO") && line.word(1).startsWith(TOKEN);
    }

    void resetCounts() {
        this.commands.configResetstat();
    }

    /** Returns how many scripts were called since the counts were reset. */
    long scripts() {
        String statistics = this.commands.info("commandstats");
        return count(statistics, "evalsha") + count(statistics, "eval");
    }

    private static long count(String statistics, String command) {
        Matcher line = Pattern.compile("cmdstat_" + command + ":calls=(\\d+)").matcher(statistics);
        return line.find() ? Long.parseLong(line.group(1)) : 0;
    }

    /** Returns a hash of Redis, its fields a character for a byte. */
    Map<String, byte[]> hash(String key) {
        Map<String, byte[]> hash = new HashMap<>();
        this.bytes.hgetall(key).forEach((field, value) -> hash.put(field, value.getBytes(ISO_8859_1)));
        return hash;
    }

    /** Returns a sorted set of Redis. */
    Map<String, Double> scores(String key) {
        return this.bytes.zrangeWithScores(key, 0, -1).stream()
                .collect(Collectors.toMap(ScoredValue::getValue, ScoredValue::getScore));
    }

    /**
     * Returns holders, tickets and queue of the partition, and when its keys expire, as they are at one moment: that at which whoever watches
     * Redis sees the token.
     */
    List<List<String>> snapshot(String token) {
        List<Object> parts = this.bytes.eval("""
                local key = ARGV[2]
                return { redis.call('HGETALL', key .. ':h'), redis.call('HGETALL', key .. ':t'),
                  redis.call('ZRANGE', key .. ':q', 0, -1, 'WITHSCORES'), { tostring(redis.call('PEXPIRETIME', key)) } }
                """, ScriptOutputType.MULTI, new String[0], token, Setup.PARTITION);
        return parts.stream()
                .map((part) -> ((List<?>) part).stream().map(String.class::cast).toList())
                .toList();
    }

    /** Returns whether it says that it is a master; one that cuts connections may become one. */
    boolean isMaster() {
        return says("master");
    }

    /** Returns whether it says that it is a replica: one that says nothing may be anything. */
    boolean isReplica() {
        return says("slave");
    }

    private boolean says(String role) {
        try {
            return this.commands.role().get(0).equals(role);
        } catch (RedisException ex) {
            return false;
        }
    }

    /** Returns the port of the first replica. */
    int replicaPort() {
        List<?> replicas = (List<?>) this.commands.role().get(2);
        return Integer.parseInt((String) ((List<?>) replicas.get(0)).get(1));
    }

    /** Lets a replica in a cluster take the place of its master. */
    void takeOver() {
        this.commands.clusterFailover(false);
    }

    void delete(String key) {
        this.commands.del(key);
    }

    /** Deletes all keys. */
    void deleteAll() {
        this.commands.flushall();
    }

    /** Returns how many clients are connected, this one included. */
    long clients() {
        return this.commands.clientList().lines().count();
    }

    /** Returns how much memory Redis takes for what it keeps. */
    long usedBytes() {
        Matcher used = Pattern.compile("used_memory:(\\d+)").matcher(this.commands.info("memory"));
        return used.find() ? Long.parseLong(used.group(1)) : 0;
    }

    List<String> keys() {
        return this.commands.keys("*");
    }

    /** Returns in how many milliseconds a key expires; negative if it does not. */
    long expiryMillis(String key) {
        return this.commands.pttl(key);
    }

    /** Returns when a key expires; a negative number if there is none any more. */
    long expiresAtMillis(String key) {
        return this.commands.pexpiretime(key);
    }

    void flushScripts() {
        this.commands.scriptFlush();
    }

    /** Cuts the connections that wait for messages; returns how many. */
    long cutSubscriptions() {
        return this.commands.clientKill(KillArgs.Builder.typePubsub());
    }

    /** Cuts all connections but this one and that of the witness; returns how many. */
    long cutConnections() {
        Matcher clients = CLIENT.matcher(this.commands.clientList());
        long own = this.commands.clientId();
        long cut = 0;
        while (clients.find()) {
            long id = Long.parseLong(clients.group(1));
            if (id != own && !clients.group(3).equals("monitor")) {
                cut += this.commands.clientKill(KillArgs.Builder.id(id));
            }
        }
        return cut;
    }

    @Override
    public void close() {
        this.client.shutdown(Duration.ZERO, Duration.ZERO);
    }
}
