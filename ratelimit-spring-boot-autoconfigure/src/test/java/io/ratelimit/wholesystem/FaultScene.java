package io.ratelimit.wholesystem;

import io.ratelimit.testkit.RedisServer;
import io.ratelimit.wholesystem.FaultSchedule.Load;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Where a {@link FaultSchedule} takes place: a Redis that is watched, and workers, each on a link of its own. Used by one thread.
 */
final class FaultScene implements AutoCloseable {

    private final FaultSchedule schedule;

    private final List<Proxy> links = new ArrayList<>();

    private final List<WorkerProcess> workers = new ArrayList<>();

    private RedisServer redis;

    private RedisProbe probe;

    private final Witness witness;

    private boolean isRedisDown;

    FaultScene(FaultSchedule schedule) {
        this.schedule = schedule;
        this.redis = RedisServer.start(schedule.isDurable() ? "appendonly yes" : "appendonly no");
        this.probe = new RedisProbe(this.redis);
        this.witness = Witness.of(this.redis, this.probe);
        for (int i = 0; i < schedule.workers(); i++) {
            Proxy link = new Proxy(this.redis);
            this.links.add(link);
            this.workers.add(WorkerProcess.start(i + 1, link.port(), schedule.setup()));
        }
        this.workers.forEach(WorkerProcess::awaitReady);
    }

    WorkerProcess worker(int index) {
        return this.workers.get(index);
    }

    Proxy link(int index) {
        return this.links.get(index);
    }

    RedisProbe probe() {
        return this.probe;
    }

    Witness witness() {
        return this.witness;
    }

    boolean isRedisDown() {
        return this.isRedisDown;
    }

    void killRedis() {
        this.isRedisDown = true;
        this.redis.kill();
        this.links.forEach((link) -> link.refuse(true)); // nobody asks it again before it is watched again
        this.probe.close();
    }

    void startRedisAgain() {
        this.redis = this.redis.startAgain();
        this.probe = new RedisProbe(this.redis);
        this.witness.watchAgain(this.redis, this.probe, !this.schedule.isDurable());
        this.isRedisDown = false;
        this.links.forEach((link) -> link.refuse(false));
    }

    void signalRedis(String signal) {
        try {
            new ProcessBuilder("kill", signal, Long.toString(this.redis.pid()))
                    .start()
                    .waitFor();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    /** Lets the workers do what they do all the time. */
    void load() {
        for (int i = 0; i < this.workers.size(); i++) {
            for (Load load : this.schedule.loads().get(i)) {
                this.workers.get(i).load(load.threads(), load.call());
            }
        }
    }

    /** Lets the workers end what they do; returns once nobody waits and nothing is held. */
    void unload() {
        alive().forEach(WorkerProcess::unload);
        alive().forEach((worker) -> worker.await(
                Event.LOADED,
                this.schedule.loads().get(this.workers.indexOf(worker)).size()));
        awaitQuiet();
    }

    void awaitQuiet() {
        Awaiting.until(
                "nothing is held and nobody waits", () -> this.witness.catchUp().isQuiet(), () -> this.witness);
    }

    /** Returns those that were not killed. */
    List<WorkerProcess> alive() {
        return this.workers.stream()
                .filter((worker) -> worker.count(Event.KILLED) == 0)
                .toList();
    }

    /** Ends all workers, and returns what has happened, by time. */
    History end() {
        alive().forEach(WorkerProcess::end);
        List<Occurrence> occurrences = this.workers.stream()
                .flatMap((worker) -> worker.soFar().stream())
                .sorted(Comparator.comparingLong(Occurrence::nanos))
                .toList();
        return new History(this.witness.catchUp().steps(), occurrences, Witness.nowMicros());
    }

    @Override
    public String toString() {
        return this.witness + ", " + this.workers;
    }

    @Override
    public void close() {
        this.workers.forEach(WorkerProcess::close);
        this.links.forEach(Proxy::close);
        this.probe.close();
        this.witness.close();
        this.redis.kill();
    }
}
