package io.ratelimit.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link SlotsWorker} in a JVM of its own, which has the options of this one. */
final class SlotsWorkerProcess implements AutoCloseable {

    private final Process process;

    private final BufferedReader answers;

    private final Writer tasks;

    private final Path file;

    private SlotsWorkerProcess(Process process, Path file) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.tasks = process.outputWriter(StandardCharsets.UTF_8);
        this.file = file;
    }

    /** Starts one; returns at once. */
    static SlotsWorkerProcess start(int port, List<SlotsSubject> subjects) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter((argument) -> argument.startsWith("-X") || argument.startsWith("-Dredisson."))
                .forEach(command::add);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(SlotsWorker.class.getName());
        command.add(Integer.toString(port));
        subjects.forEach((subject) -> command.add(subject.name()));
        Path file = Files.createTempFile("ratelimit-benchmarks-turns-", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return new SlotsWorkerProcess(process, file);
    }

    /** Waits until it is connected. */
    void awaitReady() throws IOException {
        await(SlotsWorker.READY);
    }

    /** Lets it begin; returns at once. */
    void begin(SlotsSubject subject, int threads, Duration length) throws IOException {
        this.tasks.write("%s %d %d %s%n".formatted(subject.name(), threads, length.toMillis(), this.file));
        this.tasks.flush();
    }

    /** Waits until what it has begun is done. */
    History history() throws IOException {
        await(SlotsWorker.DONE);
        return History.read(this.file);
    }

    private void await(String expected) throws IOException {
        String answer = this.answers.readLine();
        if (!expected.equals(answer)) {
            throw new IOException("Instead of '%s' a worker said '%s'".formatted(expected, answer));
        }
    }

    /** Lets it disconnect and end. */
    @Override
    public void close() throws IOException {
        this.tasks.close();
        try {
            if (!this.process.waitFor(10, TimeUnit.SECONDS)) {
                this.process.destroyForcibly();
            }
        } catch (InterruptedException ex) {
            this.process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Files.deleteIfExists(this.file);
    }
}
