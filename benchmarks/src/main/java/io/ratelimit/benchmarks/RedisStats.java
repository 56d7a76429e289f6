package io.ratelimit.benchmarks;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import java.util.List;
import java.util.stream.Stream;

/**
 * Asks Redis what it has done so far.
 */
final class RedisStats implements AutoCloseable {

    private static final List<String> SCRIPTS =
            List.of("eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro");

    private final RedisClient client;

    private final StatefulRedisConnection<String, String> connection;

    RedisStats(int port) {
        this.client = RedisClient.create("redis://%s:%d".formatted(RedisProcess.HOST, port));
        this.connection = this.client.connect();
    }

    /** Returns the server's version. */
    String version() {
        return lines("server", "redis_version:")
                .findFirst()
                .map((line) -> line.substring("redis_version:".length()))
                .orElse("unknown");
    }

    Sample now() {
        long scripts = 0;
        long commands = 0;
        for (String line : lines("commandstats", "cmdstat_").toList()) {
            String command = line.substring("cmdstat_".length(), line.indexOf(':'));
            long calls = Long.parseLong(line.substring(line.indexOf("calls=") + "calls=".length(), line.indexOf(',')));
            if (SCRIPTS.contains(command)) {
                scripts += calls;
            }
            // the samples themselves are no part of the load
            if (!command.equals("info")) {
                commands += calls;
            }
        }
        double cpuSeconds = lines("cpu", "used_cpu_user:", "used_cpu_sys:")
                .mapToDouble((line) -> Double.parseDouble(line.substring(line.indexOf(':') + 1)))
                .sum();
        return new Sample(scripts, commands, (long) (cpuSeconds * 1e9));
    }

    private Stream<String> lines(String section, String... prefixes) {
        return this.connection
                .sync()
                .info(section)
                .lines()
                .filter((line) -> Stream.of(prefixes).anyMatch(line::startsWith));
    }

    @Override
    public void close() {
        this.connection.close();
        this.client.shutdown();
    }

    /**
     * What Redis has done: since its start, or between two samples.
     *
     * @param scripts calls of scripts and functions
     * @param commands calls of any command, those inside scripts included
     * @param cpuNanos processor time
     */
    record Sample(long scripts, long commands, long cpuNanos) {

        Sample minus(Sample earlier) {
            return new Sample(
                    this.scripts - earlier.scripts, this.commands - earlier.commands, this.cpuNanos - earlier.cpuNanos);
        }
    }
}
