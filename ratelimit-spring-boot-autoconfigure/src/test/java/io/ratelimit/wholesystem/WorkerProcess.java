package io.ratelimit.wholesystem;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A {@link Worker} in a JVM of its own, and what it has told. Commands return once they have been carried out.
 */
final class WorkerProcess implements AutoCloseable {

    private final int number;

    private final WorkerJvm jvm = WorkerJvm.take();

    private final List<Occurrence> history = new ArrayList<>();

    private final AtomicLongArray counts = new AtomicLongArray(Event.values().length);

    private WorkerProcess(int number) {
        this.number = number;
        this.jvm.listen(this::hear);
    }

    /** Starts one that uses the Redis of an address, see {@link Worker}, which is ready after {@link #awaitReady()}. */
    static WorkerProcess start(int number, String redis, Setup setup) {
        WorkerProcess worker = new WorkerProcess(number);
        worker.tell("begin " + redis + ' ' + String.join(" ", setup.toArguments()));
        return worker;
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

    /** Lets threads acquire, hold and close again and again until {@link #unload()}. */
    WorkerProcess load(int threads, Call call) {
        return load(threads, Duration.ofMinutes(10), call);
    }

    /** Lets the threads of a load end. */
    WorkerProcess unload() {
        return command("unload");
    }

    /** Waits until so many more calls have been granted. */
    WorkerProcess awaitMoreGranted(int count) {
        return await(Event.GRANTED, count(Event.GRANTED) + count);
    }

    /** Lets it close the permits that were granted to it first. */
    WorkerProcess close(int count) {
        return command("close " + count);
    }

    /** Lets it close all permits that it has told of, and holds until it is told to close them. */
    void closeAll() {
        int open = (int) (count(Event.GRANTED) - count(Event.CLOSING) - count(Event.CLOSING_LATE));
        if (this.jvm.isAlive() && open > 0) {
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
        return Duration.ofNanos(measured("cpu", Event.CPU));
    }

    /** Returns what is left on its heap after a collection. */
    long heapBytes() {
        return measured("heap", Event.HEAP);
    }

    /** Returns how many threads it has. */
    long threads() {
        return measured("threads", Event.THREADS);
    }

    private long measured(String command, Event event) {
        command(command);
        List<Occurrence> all = occurrences(event);
        return all.get(all.size() - 1).number();
    }

    /** Forgets what has happened; it does nothing now. */
    void forget() {
        synchronized (this.history) {
            this.history.clear();
        }
        for (Event event : Event.values()) {
            this.counts.set(event.ordinal(), 0);
        }
    }

    /** Tells it what to do, without waiting for it: a frozen one does it once it goes on. */
    void tell(String command) {
        this.jvm.tell(command);
    }

    private WorkerProcess command(String command) {
        long did = count(Event.DID);
        tell(command);
        return await(Event.DID, did + 1);
    }

    /** Stops the process as it is: SIGSTOP. Returns once it stands still. */
    void freeze() {
        add(Event.FROZEN);
        this.jvm.signal("-STOP");
        Awaiting.until("worker stands still", this.jvm::standsStill, this::toString);
    }

    /** Lets a stopped process go on: SIGCONT. */
    void thaw() {
        this.jvm.signal("-CONT");
        add(Event.THAWED);
    }

    /** Kills it with SIGKILL: no hook runs. */
    void kill() {
        add(Event.KILLED);
        this.jvm.kill();
    }

    /** Ends it as an application that shuts down, unless it has ended. */
    void end() {
        if (count(Event.DONE) == 0 && this.jvm.isAlive()) {
            tell("end");
            await(Event.DONE, 1);
        }
    }

    long count(Event event) {
        return this.counts.get(event.ordinal());
    }

    /** Waits until something has happened so many times. */
    WorkerProcess await(Event event, long count) {
        Awaiting.until(
                "%d times %s of worker %d".formatted(count, event, this.number),
                () -> {
                    if (count(event) < count && !this.jvm.isAlive()) {
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

    private void hear(String line) {
        if (line.matches("[A-Z_]+ -?\\d+ \\d+ \\d+ .*")) {
            add(Occurrence.parse(this.number, line));
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

    /** Makes its JVM free for others, if that is as good as new. */
    @Override
    public void close() {
        if (count(Event.DONE) == 1 && this.jvm.isAlive()) {
            this.jvm.giveBack();
        } else {
            this.jvm.kill();
        }
    }
}
