package io.ratelimit.wholesystem;

import io.lettuce.core.api.sync.RedisCommands;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What a replica was asked, as it counts itself. Its master sends it what scripts have written, never scripts nor what only reads.
 */
final class ReplicaReads {

    private static final Pattern COMMAND = Pattern.compile("(?m)^cmdstat_([a-z_|]+):calls");

    private static final Set<String> READS = Set.of(
            "eval",
            "evalsha",
            "eval_ro",
            "evalsha_ro",
            "fcall",
            "fcall_ro",
            "time",
            "get",
            "hget",
            "hgetall",
            "hmget",
            "zrange",
            "zrangebyscore",
            "zscore",
            "zcard");

    private ReplicaReads() {}

    static Set<String> of(RedisCommands<String, String> replica) {
        Set<String> reads = new TreeSet<>();
        COMMAND.matcher(replica.info("commandstats")).results().forEach((command) -> reads.add(command.group(1)));
        reads.retainAll(READS);
        return reads;
    }
}
