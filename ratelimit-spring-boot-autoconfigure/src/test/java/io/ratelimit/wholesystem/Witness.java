package io.ratelimit.wholesystem;

import io.lettuce.core.RedisException;
import io.ratelimit.wholesystem.Step.Dropped;
import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.PutBack;
import io.ratelimit.wholesystem.Step.Queued;
import io.ratelimit.wholesystem.Step.Renewed;
import io.ratelimit.wholesystem.Step.Restarted;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Sees what Redis does, by its MONITOR, without anybody's word for it: the steps of the partition, and the calls that came. Thread-safe.
 *
 * <p>What it knows is up to date after {@link #catchUp()}.
 */
final class Witness implements AutoCloseable {

    private static final long TOKEN_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private volatile Socket socket;

    private volatile RedisProbe probe;

    private volatile Thread reader;

    private volatile boolean isStubborn;

    /** What it has not understood; it sees nothing from then on. */
    private volatile @Nullable RuntimeException failure;

    private final PartitionWitness partition;

    private final List<Step> steps = new ArrayList<>();

    private final List<SeenCall> calls = new ArrayList<>();

    private final Set<String> seenTokens = ConcurrentHashMap.newKeySet();

    private final Map<String, Long> leaseEnds = new ConcurrentHashMap<>();

    private volatile long queued;

    /** Scripts of its own that the server has run. */
    private final AtomicLong snapshots = new AtomicLong();

    private Witness(int port, RedisProbe probe) {
        this.partition = new PartitionWitness(Setup.PARTITION, this::add);
        this.probe = probe;
        watch(port);
    }

    /** Begins to watch. */
    static Witness of(int port, RedisProbe probe) {
        return new Witness(port, probe);
    }

    private void watch(int port) {
        Reader lines = connect(port);
        this.reader = new Thread(() -> readOn(port, lines), "witness");
        this.reader.setDaemon(true);
        this.reader.start();
    }

    private void readOn(int port, Reader lines) {
        try {
            readOnAndOn(port, lines);
        } catch (RuntimeException ex) {
            this.failure = ex;
        }
    }

    private void readOnAndOn(int port, Reader lines) {
        read(lines);
        while (this.isStubborn) {
            try {
                Reader more = connect(port);
                resume(more);
                read(more);
            } catch (IOException | UncheckedIOException | RedisException ex) {
                // cut once more
            }
        }
    }

    /** What was done while nobody watched, and what Redis had not told when it cut the connection, is not known; how things stand now is. */
    private void resume(Reader lines) throws IOException {
        String token = UUID.randomUUID().toString();
        List<List<String>> state = this.probe.snapshot(token);
        this.snapshots.incrementAndGet();
        for (String line = readLine(lines); line != null; line = readLine(lines)) {
            if (line.contains(token)) {
                synchronized (this.partition) {
                    this.partition.resumed(state, MonitorLine.parse(line).micros());
                }
                return;
            }
        }
    }

    private Reader connect(int port) {
        try {
            this.socket = new Socket("127.0.0.1", port);
            this.socket.getOutputStream().write("MONITOR\r\n".getBytes(StandardCharsets.US_ASCII));
            Reader lines = new BufferedReader(
                    new InputStreamReader(this.socket.getInputStream(), StandardCharsets.ISO_8859_1), 1 << 16);
            if (!"+OK".equals(readLine(lines))) {
                throw new IOException("Redis does not want to be watched");
            }
            return lines;
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Goes on watching when its connection is cut: a Sentinel does that to all clients of a new master. */
    Witness stubborn() {
        this.isStubborn = true;
        return this;
    }

    /** Returns whether it has seen all scripts that the server has run since its start. */
    boolean hasSeenAll() {
        long seen = catchUp().calls().stream().filter(SeenCall::isScript).count();
        return seen + this.snapshots.get() >= this.probe.scripts();
    }

    /**
     * Goes on watching a Redis that has ended and is back, and that nobody has asked for anything yet.
     *
     * @param port where it is
     * @param probe asks it
     * @param lost whether its state was lost
     */
    void watchAgain(int port, RedisProbe probe, boolean lost) {
        joinReader();
        this.partition.restarted(
                PartitionWitness.stateOf(probe, this.partition.callMicros(), lost),
                probe.expiresAtMillis(Setup.PARTITION));
        this.probe = probe;
        watch(port);
    }

    /** What it watches has ended, or serves the partition no more. */
    void ended() {
        synchronized (this.partition) {
            this.partition.over();
        }
    }

    private void joinReader() {
        try {
            this.reader.join();
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    /** Waits until everything is seen that Redis has done until now. */
    Witness catchUp() {
        Set<String> tokens = ConcurrentHashMap.newKeySet();
        AtomicLong nextNanos = new AtomicLong(System.nanoTime());
        Awaiting.until(
                "token is seen",
                () -> {
                    if (System.nanoTime() - nextNanos.get() >= 0) {
                        tokens.add(this.probe.echo()); // once more, where the connection that watches was cut
                        nextNanos.set(System.nanoTime() + TOKEN_PAUSE_NANOS);
                    }
                    return !Collections.disjoint(this.seenTokens, tokens) || !this.reader.isAlive();
                },
                this::toString);
        this.seenTokens.removeAll(tokens);
        if (this.failure != null) {
            throw new IllegalStateException("The witness has not understood what it has seen", this.failure);
        }
        return this;
    }

    /** Waits until so many tickets queue. */
    void awaitQueued(long count) {
        Awaiting.until(count + " queue", () -> catchUp().queued() == count, this::toString);
    }

    /** Waits until so many permits are held. */
    void awaitHeld(long count) {
        Awaiting.until(count + " are held", () -> catchUp().held() == count, this::toString);
    }

    /** Waits until so many permits have been granted. */
    void awaitGranted(long count) {
        Awaiting.until(
                count + " have been granted",
                () -> catchUp().steps().stream()
                                .filter(Granted.class::isInstance)
                                .count()
                        == count,
                this::toString);
    }

    /** Waits until a slot has been taken back from whoever held it. */
    void awaitTakenBack() {
        Awaiting.until(
                "a slot is taken back",
                () -> catchUp().steps().stream().anyMatch((step) -> step instanceof Freed freed && !freed.byOwner()),
                this::toString);
    }

    /** Forgets what it has seen; nothing is held and nobody waits. */
    void forget() {
        synchronized (this.steps) {
            this.steps.clear();
        }
        synchronized (this.calls) {
            this.calls.clear();
        }
    }

    /** Returns whether nothing is held and nobody waits. */
    boolean isQuiet() {
        return held() == 0 && queued() == 0;
    }

    /** Returns how many permits are held whose lease is not over. */
    long held() {
        long nowMicros = nowMicros();
        return this.leaseEnds.values().stream().filter((end) -> end > nowMicros).count();
    }

    long queued() {
        return this.queued;
    }

    /** Returns the steps until now, in Redis' order. */
    List<Step> steps() {
        synchronized (this.steps) {
            return List.copyOf(this.steps);
        }
    }

    /** Returns the calls until now. */
    List<SeenCall> calls() {
        synchronized (this.calls) {
            return List.copyOf(this.calls);
        }
    }

    /** Returns Redis' time: it runs on this machine. */
    static long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    @Override
    public String toString() {
        List<Step> all = steps();
        return "%d held, %d queue, last %s"
                .formatted(held(), queued(), all.subList(Math.max(0, all.size() - 5), all.size()));
    }

    private void read(Reader lines) {
        try {
            for (String line = readLine(lines); line != null; line = readLine(lines)) {
                see(line);
            }
        } catch (IOException ex) {
            // closed
        }
    }

    /** Reads a whole line: the last one of a Redis that was killed may not be. */
    private static @Nullable String readLine(Reader lines) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = lines.read(); c >= 0; c = lines.read()) {
            if (c == '\n') {
                return line.substring(0, line.length() - 1);
            }
            line.append((char) c);
        }
        return null;
    }

    private void see(String line) {
        boolean fromScript = line.startsWith("[0 lua]", line.indexOf('['));
        boolean concerns = PartitionWitness.concerns(line);
        if (fromScript && !concerns) {
            return;
        }
        MonitorLine parsed = MonitorLine.parse(line);
        synchronized (this.partition) {
            if (fromScript) {
                this.partition.add(parsed);
                return;
            }
            if (concerns && parsed.word(1).startsWith(Setup.PARTITION)) {
                this.partition.replicate(parsed);
                return;
            }
            this.partition.begin(parsed);
        }
        synchronized (this.calls) {
            this.calls.add(SeenCall.of(parsed));
        }
        if (RedisProbe.isToken(parsed)) {
            this.seenTokens.add(parsed.word(1));
        }
    }

    private void add(Step step) {
        synchronized (this.steps) {
            this.steps.add(step);
        }
        if (step instanceof Granted granted) {
            this.leaseEnds.put(step.ticket(), granted.leaseEndMicros());
        } else if (step instanceof PutBack back) {
            this.leaseEnds.put(step.ticket(), back.leaseEndMicros());
        } else if (step instanceof Renewed renewed) {
            this.leaseEnds.put(step.ticket(), renewed.leaseEndMicros());
        } else if (step instanceof Freed) {
            this.leaseEnds.remove(step.ticket());
        } else if (step instanceof Restarted restarted) {
            this.leaseEnds.clear();
            restarted.held().forEach((permit, lease) -> this.leaseEnds.put(permit, lease.endMicros()));
            this.queued = restarted.queue().size();
        }
        if (step instanceof Queued) {
            this.queued++;
        } else if (step instanceof Dropped || (step instanceof Granted granted && granted.fromQueue())) {
            this.queued--;
        }
    }

    @Override
    public void close() {
        this.isStubborn = false;
        try {
            this.socket.close();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
