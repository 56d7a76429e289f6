package io.ratelimit.wholesystem;

import io.ratelimit.wholesystem.FaultSchedule.Load;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Where a {@link FaultSchedule} takes place: a Redis that is watched, and workers. Used by one thread.
 */
final class FaultScene implements AutoCloseable {

    private final RedisSite site;

    private final List<WorkerProcess> workers = new ArrayList<>();

    FaultScene(FaultSchedule schedule) {
        this.site = schedule.topology().start(schedule);
        for (int i = 0; i < schedule.workers(); i++) {
            this.workers.add(WorkerProcess.start(i + 1, this.site.address(i), schedule.setup()));
        }
        this.workers.forEach(WorkerProcess::awaitReady);
    }

    WorkerProcess worker(int index) {
        return this.workers.get(index);
    }

    RedisSite site() {
        return this.site;
    }

    Witness witness() {
        return this.site.witness();
    }

    /** Lets the workers do what they do all the time. */
    void load(FaultSchedule schedule) {
        for (int i = 0; i < this.workers.size(); i++) {
            for (Load load : schedule.loads().get(i)) {
                this.workers.get(i).load(load.threads(), load.call());
            }
        }
    }

    /** Lets the workers end what they do; returns once nobody waits and nothing is held. */
    void unload(FaultSchedule schedule) {
        alive().forEach(WorkerProcess::unload);
        alive().forEach((worker) -> worker.await(
                Event.LOADED, schedule.loads().get(this.workers.indexOf(worker)).size()));
        awaitQuiet();
    }

    void awaitQuiet() {
        Awaiting.until("nothing is held and nobody waits", this.site::isQuiet, this::toString);
    }

    /** Returns those that were not killed. */
    List<WorkerProcess> alive() {
        return this.workers.stream()
                .filter((worker) -> worker.count(Event.KILLED) == 0)
                .toList();
    }

    /** Ends all workers. */
    void end() {
        alive().forEach(WorkerProcess::end);
    }

    /** Forgets what has happened. */
    void forget() {
        this.workers.forEach(WorkerProcess::forget);
        witness().forget();
    }

    /** Returns what has happened, as each server has seen it. */
    List<History> histories() {
        List<Occurrence> occurrences = this.workers.stream()
                .flatMap((worker) -> worker.soFar().stream())
                .sorted(Comparator.comparingLong(Occurrence::nanos))
                .toList();
        List<List<Step>> all = this.site.steps();
        return all.stream()
                .map((steps) -> new History(
                        steps,
                        all.stream()
                                .filter((others) -> others != steps)
                                .flatMap(List::stream)
                                .toList(),
                        occurrences,
                        Witness.nowMicros()))
                .toList();
    }

    @Override
    public String toString() {
        return witness() + ", " + this.workers;
    }

    @Override
    public void close() {
        this.workers.forEach(WorkerProcess::close);
        this.site.close();
    }
}
