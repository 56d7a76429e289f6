package io.ratelimit.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.stream.Stream;

/** Says where the figures come from. */
final class Machine {

    private Machine() {}

    /** Returns one line: date, processor, cores, system, JVM, Redis. */
    static String describe() throws IOException {
        return "%s; %s, %d cores; %s %s; JDK %s (%s); redis-server %s on the same machine"
                .formatted(
                        LocalDate.now(ZoneId.systemDefault()),
                        processor(),
                        Runtime.getRuntime().availableProcessors(),
                        System.getProperty("os.name"),
                        System.getProperty("os.version"),
                        System.getProperty("java.version"),
                        System.getProperty("java.vm.name"),
                        redisVersion());
    }

    private static String processor() throws IOException {
        Path description = Path.of("/proc/cpuinfo");
        if (!Files.exists(description)) {
            return System.getProperty("os.arch");
        }
        try (Stream<String> lines = Files.lines(description)) {
            return lines.filter((line) -> line.startsWith("model name"))
                    .findFirst()
                    .map((line) -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse(System.getProperty("os.arch"));
        }
    }

    private static String redisVersion() throws IOException {
        try (RedisProcess redis = RedisProcess.start();
                RedisStats stats = new RedisStats(redis.port())) {
            return stats.version();
        }
    }
}
