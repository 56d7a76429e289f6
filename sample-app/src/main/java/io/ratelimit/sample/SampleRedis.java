package io.ratelimit.sample;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A redis-server on this machine. The one that {@link #start} unpacks and starts is a daemon on the loopback address with nothing on
 * disk: it lives on if the application is killed, and Ctrl-C does not reach it.
 *
 * @param port the port it listens on
 */
record SampleRedis(int port) {

    static final String HOST = "127.0.0.1";

    private static final int SILENCE_MILLIS = 1_000;

    private static final long LONGEST_START_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** Begins the name of the executable, by which a Redis of this sample is told from somebody else's. */
    private static final String MARK = "ratelimit-sample-redis";

    /**
     * Returns whether it is up.
     *
     * @throws IOException if something else listens on the port
     */
    boolean isUp() throws IOException {
        try {
            if (ask("PING", "+PONG").isPresent()) {
                return true;
            }
        } catch (ConnectException ex) {
            return false;
        }
        throw new IOException("What listens there is not a Redis, or one with a password.");
    }

    void start() throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory(MARK);
        Path executable = directory.resolve("redis-server");
        try (InputStream binary = SampleRedis.class.getResourceAsStream(binaryName())) {
            if (binary == null) {
                throw new FileNotFoundException(
                        "There is no " + binaryName() + ": start a Redis yourself and set spring.data.redis.host");
            }
            Files.copy(binary, executable);
            Files.setPosixFilePermissions(executable, PosixFilePermissions.fromString("r-x------"));
            String port = String.valueOf(this.port);
            new ProcessBuilder(
                            executable.toString(), "--port", port, "--bind", HOST, "--save", "", "--daemonize", "yes")
                    .directory(directory.toFile())
                    .start()
                    .waitFor();
            awaitUp();
        } finally {
            // a program that runs does not need its file
            Files.deleteIfExists(executable);
            Files.deleteIfExists(directory);
        }
    }

    private void awaitUp() throws IOException, InterruptedException {
        long startNanos = System.nanoTime();
        while (!isUp()) {
            if (System.nanoTime() - startNanos > LONGEST_START_NANOS) {
                throw new IOException("The Redis on port %d does not answer".formatted(this.port));
            }
            Thread.sleep(20);
        }
    }

    /** Stops it if {@link #start} has started it, here or in another instance, and nobody is connected any more. */
    boolean stopIfUnused() throws IOException {
        boolean ours = ask("INFO server", "executable:")
                .filter((executable) -> executable.contains(MARK))
                .isPresent();
        // the one client is the connection that asks
        if (!ours || !ask("INFO clients", "connected_clients:").equals(Optional.of("1"))) {
            return false;
        }
        ask("SHUTDOWN NOSAVE", "");
        return true;
    }

    /** Sends a command and returns the rest of the first line of the answer that begins with the prefix. */
    private Optional<String> ask(String command, String prefix) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), this.port), SILENCE_MILLIS);
            socket.setSoTimeout(SILENCE_MILLIS);
            // QUIT ends the answer
            socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(StandardCharsets.US_ASCII));
            BufferedReader answer =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            for (String line = answer.readLine(); line != null; line = answer.readLine()) {
                if (line.startsWith(prefix)) {
                    return Optional.of(line.substring(prefix.length()));
                }
            }
            return Optional.empty();
        }
    }

    private static String binaryName() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String system = os.startsWith("mac") ? "darwin" : os;
        String processor = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        return "/redis/redis-server-7.0.15-" + system + "-" + processor;
    }
}
