package io.ratelimit.wholesystem;

import io.ratelimit.testkit.RedisServer;
import io.ratelimit.wholesystem.Event.Occurrence;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * A {@link Worker} in a JVM of its own.
 */
final class WorkerProcess implements AutoCloseable {

    private final Process process;

    private final List<Occurrence> history = new CopyOnWriteArrayList<>();

    private final Thread reader;

    private WorkerProcess(Process process) {
        this.process = process;
        this.reader = new Thread(this::read);
        this.reader.start();
    }

    static WorkerProcess start(RedisServer redis, String job, int threads, int seconds) {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                Integer.toString(redis.port()),
                job,
                Integer.toString(threads),
                Integer.toString(seconds));
        try {
            return new WorkerProcess(new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    boolean isReady() {
        return happened(Event.READY);
    }

    boolean happened(Event event) {
        return this.history.stream().anyMatch((occurrence) -> occurrence.event() == event);
    }

    /** Lets it begin. */
    void go() {
        try {
            this.process.getOutputStream().write('\n');
            this.process.getOutputStream().flush();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Kills it with SIGKILL: no hook runs. */
    void kill() {
        this.process.destroyForcibly();
        awaitEnd();
    }

    /** Returns what it has told until now. */
    List<Occurrence> soFar() {
        return List.copyOf(this.history);
    }

    /** Waits for its end and returns what it told. */
    List<Occurrence> history() {
        awaitEnd();
        return this.history;
    }

    private void awaitEnd() {
        try {
            if (!this.process.waitFor(2, TimeUnit.MINUTES)) {
                throw new IllegalStateException("The worker does not end");
            }
            this.reader.join();
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(this.process.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.matches("(READY|GRANTED|CLOSING|DONE) \\d+ \\d+")) {
                    this.history.add(Occurrence.parse(line));
                }
            }
        } catch (IOException ex) {
            // a killed worker ends in the middle of a line
        }
    }

    @Override
    public void close() {
        this.process.destroyForcibly();
    }
}
