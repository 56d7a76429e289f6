package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.testkit.RedisServer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Redis of its own, workers on it, and a witness of what Redis does.
 */
final class WholeSystem implements AutoCloseable {

    private final RedisServer redis = RedisServer.start();

    private final RedisProbe probe = new RedisProbe(this.redis.port());

    private final List<WorkerProcess> workers = new ArrayList<>();

    @Nullable
    Witness witness;

    /** Starts one that is watched from the beginning. */
    static WholeSystem watched() {
        WholeSystem system = new WholeSystem();
        system.watch();
        return system;
    }

    /** Begins to watch, which slows Redis down: see that nothing has happened yet, or that all of it is over. */
    void watch() {
        this.witness = Witness.of(this.redis.port(), this.probe);
    }

    /** Starts workers that have the same configuration; returns when all of them are ready. */
    List<WorkerProcess> start(int count, Setup setup) {
        return start(count, setup, this.redis.port());
    }

    /** Starts one worker. */
    WorkerProcess start(Setup setup) {
        return start(1, setup).get(0);
    }

    /** Starts workers that go another way to Redis. */
    List<WorkerProcess> start(int count, Setup setup, int port) {
        List<WorkerProcess> started = Stream.generate(
                        () -> WorkerProcess.start(this.workers.size() + 1, Integer.toString(port), setup))
                .limit(count)
                .peek(this.workers::add)
                .toList();
        started.forEach(WorkerProcess::awaitReady);
        return started;
    }

    RedisServer redis() {
        return this.redis;
    }

    RedisProbe probe() {
        return this.probe;
    }

    Witness witness() {
        if (this.witness == null) {
            throw new IllegalStateException("Nobody watches");
        }
        return this.witness;
    }

    /** Lets the workers close what is granted to them until nothing is held and nobody waits. */
    void closeAll() {
        Awaiting.until(
                "all is closed",
                () -> {
                    this.workers.forEach(WorkerProcess::closeAll);
                    return witness().catchUp().isQuiet();
                },
                () -> witness() + ", " + this.workers);
    }

    /** Ends all workers as applications that shut down, and returns what has happened, by time. */
    History end() {
        this.workers.forEach(WorkerProcess::end);
        return history();
    }

    /** Returns what has happened until now. */
    History history() {
        List<Occurrence> occurrences = this.workers.stream()
                .flatMap((worker) -> worker.soFar().stream())
                .sorted(Comparator.comparingLong(Occurrence::nanos))
                .toList();
        List<Step> steps = (this.witness != null) ? this.witness.catchUp().steps() : List.of();
        return new History(steps, occurrences, Witness.nowMicros());
    }

    /** Checks that Redis forgets everything by itself. */
    void checkThatAllKeysExpire() {
        assertThat(this.probe.keys())
                .allSatisfy((key) -> assertThat(this.probe.expiryMillis(key))
                        .as("expiry of %s", key)
                        .isNotEqualTo(-1));
    }

    @Override
    public void close() {
        this.workers.forEach(WorkerProcess::close);
        if (this.witness != null) {
            this.witness.close();
        }
        this.probe.close();
        this.redis.close();
    }
}
