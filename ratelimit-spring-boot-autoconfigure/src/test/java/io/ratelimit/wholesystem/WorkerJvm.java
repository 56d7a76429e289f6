package io.ratelimit.wholesystem;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A JVM that runs {@link Worker}. Those that are still good after a test serve the next one: starting one takes seconds. All of them end
 * with this JVM, which holds the other end of their input. Thread-safe.
 */
final class WorkerJvm {

    private static final Queue<WorkerJvm> IDLE = new ConcurrentLinkedQueue<>();

    private static final AtomicInteger STARTED = new AtomicInteger();

    private static final long LONGEST_END_SECONDS = 60;

    private final Process process;

    private final Thread reader;

    private volatile Consumer<String> listener = (line) -> {};

    private WorkerJvm(Process process) {
        this.process = process;
        this.reader = new Thread(this::read, "worker-jvm");
        this.reader.setDaemon(true);
        this.reader.start();
    }

    /** Returns one that does nothing yet. */
    static WorkerJvm take() {
        WorkerJvm idle = IDLE.poll();
        if (idle != null) {
            return idle;
        }
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName());
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            Optional.ofNullable(System.getProperty("ratelimit.test.faketime"))
                    .ifPresent((library) -> skewClock(builder.environment(), library));
            return new WorkerJvm(builder.start());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Lets the wall clock be an hour fast or slow, in turn, by the library libfaketime. */
    private static void skewClock(Map<String, String> environment, String library) {
        environment.put("LD_PRELOAD", library);
        environment.put("FAKETIME", (STARTED.getAndIncrement() % 2 == 0) ? "+1h" : "-1h");
        environment.put("DONT_FAKE_MONOTONIC", "1");
    }

    /** Gives it to whoever wants one next: it does nothing any more. */
    void giveBack() {
        listen((line) -> {});
        IDLE.add(this);
    }

    /** Says who is told the lines that it writes. */
    void listen(Consumer<String> listener) {
        this.listener = listener;
    }

    void tell(String command) {
        try {
            this.process.getOutputStream().write((command + '\n').getBytes(StandardCharsets.US_ASCII));
            this.process.getOutputStream().flush();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    boolean isAlive() {
        return this.process.isAlive();
    }

    /** Kills it with SIGKILL, and waits until it is gone and all that it has written is read. */
    void kill() {
        this.process.destroyForcibly();
        try {
            if (!this.process.waitFor(LONGEST_END_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("The worker does not end");
            }
            this.reader.join();
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    void signal(String name) {
        run("kill", name, Long.toString(this.process.pid()));
    }

    boolean standsStill() {
        return run("ps", "-o", "state=", "-p", Long.toString(this.process.pid()))
                .trim()
                .startsWith("T");
    }

    /** Runs a command, and returns what it writes. */
    static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(this.process.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                this.listener.accept(line);
            }
        } catch (IOException ex) {
            // the streams of a killed process may end with an error
        }
    }
}
