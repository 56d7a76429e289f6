package io.ratelimit.wholesystem;

import io.ratelimit.testkit.RedisServer;
import io.ratelimit.wholesystem.Step.Dropped;
import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.PutBack;
import io.ratelimit.wholesystem.Step.Queued;
import io.ratelimit.wholesystem.Step.Renewed;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Sees what Redis does, by its MONITOR, without anybody's word for it: the steps of the partition, and the calls that came. Thread-safe.
 *
 * <p>What it knows is up to date after {@link #catchUp()}.
 */
final class Witness implements AutoCloseable {

    private final Socket socket;

    private final RedisProbe probe;

    private final PartitionWitness partition;

    private final List<Step> steps = new ArrayList<>();

    private final List<SeenCall> calls = new ArrayList<>();

    private final Set<String> seenTokens = ConcurrentHashMap.newKeySet();

    private final Map<String, Long> leaseEnds = new ConcurrentHashMap<>();

    private volatile long queued;

    private Witness(Socket socket, RedisProbe probe) {
        this.socket = socket;
        this.probe = probe;
        this.partition = new PartitionWitness(Setup.PREFIX + '{' + Setup.RESOURCE + '}', this::add);
    }

    /** Begins to watch. */
    static Witness of(RedisServer server, RedisProbe probe) {
        try {
            Socket socket = new Socket(server.host(), server.port());
            Witness witness = new Witness(socket, probe);
            socket.getOutputStream().write("MONITOR\r\n".getBytes(StandardCharsets.US_ASCII));
            BufferedReader lines = new BufferedReader(
                    new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1), 1 << 16);
            if (!"+OK".equals(lines.readLine())) {
                throw new IllegalStateException("Redis does not want to be watched");
            }
            Thread reader = new Thread(() -> witness.read(lines), "witness");
            reader.setDaemon(true);
            reader.start();
            return witness;
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Waits until everything is seen that Redis has done until now. */
    Witness catchUp() {
        String token = this.probe.echo();
        Awaiting.until("token is seen", () -> this.seenTokens.remove(token), this::toString);
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

    private void read(BufferedReader lines) {
        try {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                see(line);
            }
        } catch (IOException ex) {
            // closed
        }
    }

    private void see(String line) {
        boolean fromScript = line.startsWith("[0 lua]", line.indexOf('['));
        if (fromScript && !PartitionWitness.concerns(line)) {
            return;
        }
        MonitorLine parsed = MonitorLine.parse(line);
        if (fromScript) {
            this.partition.add(parsed);
            return;
        }
        this.partition.begin(parsed);
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
        }
        if (step instanceof Queued) {
            this.queued++;
        } else if (step instanceof Dropped || (step instanceof Granted granted && granted.fromQueue())) {
            this.queued--;
        }
    }

    @Override
    public void close() {
        try {
            this.socket.close();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
