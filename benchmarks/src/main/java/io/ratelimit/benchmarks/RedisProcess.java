package io.ratelimit.benchmarks;

import static redis.embedded.model.OsArchitecture.MAC_OS_X_ARM64;
import static redis.embedded.model.OsArchitecture.MAC_OS_X_x86_64;
import static redis.embedded.model.OsArchitecture.UNIX_AARCH64;
import static redis.embedded.model.OsArchitecture.UNIX_x86_64;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import redis.embedded.RedisServer;
import redis.embedded.core.PortProvider;
import redis.embedded.model.OsArchitecture;

/**
 * A redis-server 7.0.15 of our own on a free port of the loopback address, with nothing on disk; it ends with {@link #close()}, at the
 * latest with the JVM.
 */
final class RedisProcess implements AutoCloseable {

    static final String HOST = "127.0.0.1";

    private static final Map<OsArchitecture, String> BINARIES = Map.of(
            UNIX_x86_64, "redis-server-7.0.15-linux-amd64",
            UNIX_AARCH64, "redis-server-7.0.15-linux-arm64",
            MAC_OS_X_x86_64, "redis-server-7.0.15-darwin-amd64",
            MAC_OS_X_ARM64, "redis-server-7.0.15-darwin-arm64");

    private final RedisServer server;

    private RedisProcess(RedisServer server) {
        this.server = server;
    }

    static RedisProcess start() throws IOException {
        File directory =
                Files.createTempDirectory("ratelimit-benchmarks-redis-").toFile();
        directory.deleteOnExit();
        RedisServer server = RedisServer.newRedisServer()
                .executableProvider(RedisProcess::binary)
                .bind(HOST)
                .port(PortProvider.newEphemeralPortProvider().get())
                .setting("dir " + directory)
                .setting("save \"\"")
                .setting("appendonly no")
                .build();
        server.start();
        return new RedisProcess(server);
    }

    int port() {
        return this.server.ports().get(0);
    }

    private static File binary() throws IOException {
        OsArchitecture platform = OsArchitecture.detectOSandArchitecture();
        String name = BINARIES.get(platform);
        if (name == null) {
            throw new IOException("No redis-server binary for " + platform.os + " on " + platform.arch);
        }
        String directory =
                System.getProperty("ratelimit.benchmarks.redis-binaries", "benchmarks/target/redis-binaries");
        File binary = new File(directory, name);
        if (!binary.setExecutable(true)) {
            throw new IOException(binary + " is missing or cannot be made executable");
        }
        return binary;
    }

    @Override
    public void close() throws IOException {
        this.server.stop();
    }
}
