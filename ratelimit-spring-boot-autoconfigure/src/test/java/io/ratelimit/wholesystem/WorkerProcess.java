package io.ratelimit.wholesystem;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A {@link Worker} in a JVM of its own. Commands return once they have been carried out.
 */
final class WorkerProcess implements AutoCloseable {

    private static final long LONGEST_END_SECONDS = 60;

    private final int number;

    private final Process process;

    private final List<Occurrence> history = new ArrayList<>();

    private final AtomicLongArray counts = new AtomicLongArray(Event.values().length);

    private final Thread reader;

    private WorkerProcess(int number, Process process) {
        this.number = number;
        this.process = process;
        this.reader = new Thread(this::read, "worker-" + number);
        this.reader.setDaemon(true);
        this.reader.start();
    }

    /** Starts one, which is ready after {@link #awaitReady()}. */
    static WorkerProcess start(int number, int redisPort, Setup setup) {
        List<String> command = Stream.concat(
                        Stream.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Worker.class.getName(),
                                Integer.toString(redisPort)),
                        setup.toArguments().stream())
                .toList();
        try {
            return new WorkerProcess(
                    number,
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    WorkerProcess awaitReady() {
        return await(Event.READY, 1);
    }

    /** Returns the name of its instance. */
    String instance() {
        return occurrences(Event.READY).get(0).text();
    }

    /** Lets it begin calls that occupy no thread. */
    WorkerProcess acquire(int count, Call call) {
        return command("acquire " + count + ' ' + call.format());
    }

    /** Lets it begin calls that block a thread each. */
    WorkerProcess block(int count, Call call) {
        return command("block " + count + ' ' + call.format());
    }

    /** Lets threads acquire, hold and close again and again for some time; {@link Event#LOADED} tells the end. */
    WorkerProcess load(int threads, Duration time, Call call) {
        return command("load " + threads + ' ' + time + ' ' + call.format());
    }

    /** Lets it close the permits that were granted to it first. */
    WorkerProcess close(int count) {
        return command("close " + count);
    }

    /** Lets it close all permits that it has told of, and holds until it is told to close them. */
    void closeAll() {
        int open = (int) (count(Event.GRANTED) - count(Event.CLOSING) - count(Event.CLOSING_LATE));
        if (this.process.isAlive() && open > 0) {
            close(open);
        }
    }

    /** Lets it cancel the calls that have waited longest. */
    WorkerProcess cancel(int count) {
        return command("cancel " + count);
    }

    /** Lets it shut its engine down, while its calls go on. */
    WorkerProcess stopEngine() {
        return command("stop");
    }

    /** Returns how much CPU time the process has taken. */
    Duration cpuTime() {
        command("cpu");
        List<Occurrence> all = occurrences(Event.CPU);
        return Duration.ofNanos(all.get(all.size() - 1).number());
    }

    /** Tells it what to do, without waiting for it: a frozen one does it once it goes on. */
    void tell(String command) {
        try {
            this.process.getOutputStream().write((command + '\n').getBytes(StandardCharsets.US_ASCII));
            this.process.getOutputStream().flush();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private WorkerProcess command(String command) {
        long did = count(Event.DID);
        tell(command);
        return await(Event.DID, did + 1);
    }

    /** Stops the process as it is: SIGSTOP. Returns once it stands still. */
    void freeze() {
        add(Event.FROZEN);
        signal("-STOP");
        Awaiting.until("worker stands still", () -> state().startsWith("T"), this::state);
    }

    /** Lets a stopped process go on: SIGCONT. */
    void thaw() {
        signal("-CONT");
        add(Event.THAWED);
    }

    /** Kills it with SIGKILL: no hook runs. */
    void kill() {
        add(Event.KILLED);
        this.process.destroyForcibly();
        awaitEnd();
    }

    /** Ends it as an application that shuts down, unless it has ended. */
    void end() {
        try {
            this.process.getOutputStream().close();
        } catch (IOException ex) {
            // it has ended
        }
        awaitEnd();
    }

    long count(Event event) {
        return this.counts.get(event.ordinal());
    }

    /** Waits until something has happened so many times. */
    WorkerProcess await(Event event, long count) {
        Awaiting.until(
                "%d times %s of worker %d".formatted(count, event, this.number),
                () -> {
                    if (count(event) < count && !this.process.isAlive()) {
                        throw new IllegalStateException("Worker %d has ended: %s".formatted(this.number, this));
                    }
                    return count(event) >= count;
                },
                () -> this);
        return this;
    }

    List<Occurrence> occurrences(Event event) {
        return soFar().stream()
                .filter((occurrence) -> occurrence.event() == event)
                .toList();
    }

    /** Returns what it has told until now. */
    List<Occurrence> soFar() {
        synchronized (this.history) {
            return List.copyOf(this.history);
        }
    }

    private void awaitEnd() {
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

    private void signal(String name) {
        run("kill", name, Long.toString(this.process.pid()));
    }

    private String state() {
        return run("ps", "-o", "state=", "-p", Long.toString(this.process.pid())).trim();
    }

    private static String run(String... command) {
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
                if (line.matches("[A-Z_]+ -?\\d+ \\d+ \\d+ .*")) {
                    add(Occurrence.parse(this.number, line));
                }
            }
        } catch (IOException ex) {
            // the streams of a killed process may end with an error
        }
    }

    private void add(Event event) {
        add(new Occurrence(this.number, event, System.nanoTime(), 0, 0, "-"));
    }

    private void add(Occurrence occurrence) {
        synchronized (this.history) {
            this.history.add(occurrence);
        }
        this.counts.incrementAndGet(occurrence.event().ordinal());
    }

    /** Returns how often what has happened, and what happened last. */
    @Override
    public String toString() {
        String counts = Stream.of(Event.values())
                .filter((event) -> count(event) > 0)
                .map((event) -> event + "=" + count(event))
                .collect(Collectors.joining(" "));
        List<Occurrence> all = soFar();
        return "worker %d (%s), last %s"
                .formatted(this.number, counts, all.subList(Math.max(0, all.size() - 3), all.size()));
    }

    @Override
    public void close() {
        this.process.destroyForcibly();
    }
}
