package io.ratelimit.testkit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static redis.embedded.model.OsArchitecture.MAC_OS_X_ARM64;
import static redis.embedded.model.OsArchitecture.MAC_OS_X_x86_64;
import static redis.embedded.model.OsArchitecture.UNIX_AARCH64;
import static redis.embedded.model.OsArchitecture.UNIX_x86;
import static redis.embedded.model.OsArchitecture.UNIX_x86_64;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.springframework.util.FileSystemUtils;
import redis.embedded.core.PortProvider;
import redis.embedded.core.RedisServerBuilder;
import redis.embedded.model.OsArchitecture;

/**
 * A real redis-server 7.0.15 on a free port of this machine.
 *
 * <p>It keeps nothing on disk, listens on the loopback address only and ends with {@link #close()}, at the latest with
 * the JVM. The build unpacks the binaries and names their folder in the system property
 * {@code ratelimit.test.redis-binaries} (default {@code target/redis-binaries}, for runs from an IDE).
 *
 * <p>Tests that only need some Redis share one: see {@link WithRedis}. Tests that stop, freeze or configure a server
 * {@link #start() start} their own.
 */
public final class RedisServer implements AutoCloseable {

    private static final String HOST = "127.0.0.1";

    private static final Map<OsArchitecture, String> BINARIES = Map.of(
            UNIX_x86, "redis-server-7.0.15-linux-386",
            UNIX_x86_64, "redis-server-7.0.15-linux-amd64",
            UNIX_AARCH64, "redis-server-7.0.15-linux-arm64",
            MAC_OS_X_x86_64, "redis-server-7.0.15-darwin-amd64",
            MAC_OS_X_ARM64, "redis-server-7.0.15-darwin-arm64");

    private final redis.embedded.RedisServer process;

    private final Path pidFile;

    private final String[] settings;

    private RedisServer(redis.embedded.RedisServer process, Path pidFile, String[] settings) {
        this.process = process;
        this.pidFile = pidFile;
        this.settings = settings;
    }

    /** The server that all tests of this JVM share, started on first use and ended with the JVM. Do not close it. */
    public static RedisServer shared() {
        return Shared.SERVER;
    }

    /**
     * Starts a server of the caller's own, which is ready when this returns.
     *
     * @param settings lines of its configuration file
     * @throws UncheckedIOException if it does not start
     */
    public static RedisServer start(String... settings) {
        return startOn(freePort(), settings);
    }

    /**
     * Starts an empty server of the caller's own on a port that nobody listens on, such as that of another that was closed.
     *
     * @param port the port
     * @param settings lines of its configuration file
     * @throws UncheckedIOException if it does not start
     */
    public static RedisServer startOn(int port, String... settings) {
        try {
            return startIn(temporaryDirectory("redis-"), port, settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static RedisServer startIn(Path directory, int port, String... settings) throws IOException {
        Path pidFile = directory.resolve("pid");
        RedisServerBuilder builder = redis.embedded.RedisServer.newRedisServer()
                .executableProvider(RedisServer::binary)
                .bind(HOST)
                .port(port)
                .setting("dir " + directory)
                .setting("pidfile " + pidFile)
                .setting("save \"\"")
                .setting("appendonly no");
        for (String setting : settings) {
            builder.setting(setting);
        }
        redis.embedded.RedisServer process = builder.build();
        process.start();
        return new RedisServer(process, pidFile, settings);
    }

    /** A new directory, which is deleted with all that is in it when this JVM ends: a server that was killed leaves files behind. */
    static Path temporaryDirectory(String prefix) throws IOException {
        Path directory = Files.createTempDirectory(prefix);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> FileSystemUtils.deleteRecursively(directory.toFile())));
        return directory;
    }

    /** A port that nobody listens on. */
    public static int freePort() {
        return PortProvider.newEphemeralPortProvider().get();
    }

    /** The address it listens on. */
    public String host() {
        return HOST;
    }

    /** The port it listens on. */
    public int port() {
        return process.ports().get(0);
    }

    /** Deletes all keys. */
    void flush() {
        try (Socket socket = new Socket(HOST, port())) {
            socket.getOutputStream().write("FLUSHALL\r\n".getBytes(US_ASCII));
            String reply = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII)).readLine();
            if (!"+OK".equals(reply)) {
                throw new IllegalStateException("FLUSHALL was answered with " + reply);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the server; a second call does nothing. */
    @Override
    public void close() {
        try {
            process.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the server as {@code kill -9} does: it says goodbye to nobody. */
    public void kill() {
        ProcessHandle.of(pid()).ifPresent(ProcessHandle::destroyForcibly);
        close();
    }

    /**
     * Starts a server on the port of this one, which has ended, with its settings and what it has kept on disk.
     *
     * @throws UncheckedIOException if it does not start
     */
    public RedisServer startAgain() {
        try {
            return startIn(this.pidFile.getParent(), port(), this.settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The number of its process. */
    public long pid() {
        try {
            return Long.parseLong(Files.readString(this.pidFile).trim());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static File binary() throws IOException {
        OsArchitecture platform = OsArchitecture.detectOSandArchitecture();
        String name = BINARIES.get(platform);
        if (name == null) {
            throw new IOException("No redis-server binary for " + platform.os + " on " + platform.arch);
        }
        File binary = new File(System.getProperty("ratelimit.test.redis-binaries", "target/redis-binaries"), name);
        if (!binary.setExecutable(true)) {
            throw new IOException(binary + " is missing or cannot be made executable");
        }
        return binary;
    }

    private static final class Shared {

        private static final RedisServer SERVER = start();
    }
}
