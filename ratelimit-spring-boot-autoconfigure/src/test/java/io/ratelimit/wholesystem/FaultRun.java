package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.FaultSchedule.Action;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Plays a {@link FaultSchedule}, and checks what must hold: during it, and once everything is well again.
 */
final class FaultRun {

    /** How long after the end of all faults service is normal, at the latest. */
    private static final Duration RECOVERY = Duration.ofSeconds(2);

    /** What a machine may take that has far too much else to do: those that take longer than they should are counted. */
    private static final Duration LONGEST_RECOVERY = Duration.ofSeconds(15);

    private final FaultSchedule schedule;

    private final FaultScene scene;

    private long healedNanos;

    FaultRun(FaultSchedule schedule, FaultScene scene) {
        this.schedule = schedule;
        this.scene = scene;
    }

    /**
     * Plays it.
     *
     * @throws AssertionError if anything does not hold
     */
    static Outcome play(FaultSchedule schedule) {
        try (FaultScene scene = new FaultScene(schedule)) {
            return new FaultRun(schedule, scene).play();
        }
    }

    private Outcome play() {
        playUntilQuiet();
        this.scene.end();
        return checked(this.scene.histories());
    }

    /** Plays it in a scene that goes on. */
    Outcome round() {
        playUntilQuiet();
        return checked(this.scene.histories());
    }

    private void playUntilQuiet() {
        this.scene.load(this.schedule);
        long startNanos = System.nanoTime();
        for (Action action : this.schedule.actions()) {
            parkUntil(startNanos + TimeUnit.MILLISECONDS.toNanos(action.atMillis()));
            action.what().accept(this.scene);
        }
        this.healedNanos = System.nanoTime();
        parkUntil(this.healedNanos + RECOVERY.toNanos());
        Awaiting.until(
                "all are answered",
                () -> this.scene.alive().stream()
                        .allMatch((worker) -> recovery(worker).isPresent()),
                this.scene::toString);
        this.scene.unload(this.schedule);
        grantsAllSlotsAndNoMore();
    }

    private static void parkUntil(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** No slot has leaked, and none is doubled: as many calls are granted as there is room for, and Redis knows of them all. */
    private void grantsAllSlotsAndNoMore() {
        Awaiting.until("all calls of a burst are answered", this::isBurstAnswered, this.scene::toString);
    }

    /** Returns false if calls failed, as they may on a busy machine: then nobody knows what the others prove. */
    private boolean isBurstAnswered() {
        Setup setup = this.schedule.setup();
        int room = (setup.slots() > 0) ? setup.slots() : setup.rate();
        parkUntil(System.nanoTime() + setup.window().toNanos()); // what was admitted counts that long
        WorkerProcess worker = this.scene.alive().get(0);
        long granted = worker.count(Event.GRANTED);
        long failed = worker.count(Event.FAILED);
        long answers = answers(worker);
        worker.acquire(room + 2, Call.impatient());
        Awaiting.until("calls are answered", () -> answers(worker) == answers + room + 2, worker::toString);
        int held = (int) (worker.count(Event.GRANTED) - granted);
        boolean answered = worker.count(Event.FAILED) == failed;
        if (answered) {
            assertThat(held)
                    .as(
                            "granted of %d, for which there was room (more if this took longer than a window): %s",
                            room, this.scene)
                    .isGreaterThanOrEqualTo(room);
        }
        if (answered && setup.slots() > 0) {
            assertThat(PartitionWitness.leases(this.scene.site().probe()))
                    .as("holders in Redis")
                    .hasSize(room);
        }
        worker.close(held);
        this.scene.awaitQuiet();
        return answered;
    }

    private static long answers(WorkerProcess worker) {
        return worker.count(Event.GRANTED) + worker.count(Event.REFUSED) + worker.count(Event.FAILED);
    }

    private Outcome checked(List<History> histories) {
        Setup setup = this.schedule.setup();
        boolean seen = this.scene.site().isSeen();
        for (History history : seen ? histories : List.<History>of()) {
            HistoryChecker checker = new HistoryChecker(history).sound().nothingLeft();
            if (setup.slots() > 0) {
                checker.neverMoreLeasesThan(setup.slots());
                checker.neverMoreSlotsInUseThan(setup.slots());
            }
            if (setup.rate() > 0) {
                checker.neverAdmittedMoreSinceALossThan(setup.rate(), setup.window());
            }
        }
        History history = histories.get(histories.size() - 1);
        List<Occurrence> failures = history.occurrences(Event.FAILED).toList();
        assertThat(failures)
                .as("failures")
                .allSatisfy((failure) -> assertThat(failure.text())
                        .contains("BackendUnavailableException")
                        .doesNotContain("ERR "));
        Duration recovery = this.scene.alive().stream()
                .map((worker) -> recovery(worker).orElseThrow())
                .max(Comparator.naturalOrder())
                .orElseThrow();
        assertThat(recovery).as("time to recover").isLessThanOrEqualTo(LONGEST_RECOVERY);
        assertThat(history.occurrences(Event.GRANTED))
                .as("grants once all is well")
                .anyMatch((granted) -> granted.nanos() > this.healedNanos);
        long granted = history.occurrences(Event.GRANTED).count();
        long refused = history.occurrences(Event.REFUSED).count()
                + history.occurrences(Event.TIMED_OUT).count();
        return new Outcome(granted, refused, failures.size(), recovery, seen);
    }

    /** Returns how long after the end of all faults a worker was answered. */
    private Optional<Duration> recovery(WorkerProcess worker) {
        return worker.soFar().stream()
                .filter((told) -> isAnswer(told.event()) && told.nanos() > this.healedNanos)
                .findFirst()
                .map((answer) -> Duration.ofNanos(answer.nanos() - this.healedNanos));
    }

    private static boolean isAnswer(Event event) {
        return event == Event.GRANTED || event == Event.REFUSED || event == Event.TIMED_OUT;
    }

    /**
     * What came of it.
     *
     * @param granted calls that were granted
     * @param refused calls that were refused, or waited in vain
     * @param failed calls that failed, for want of a Redis to ask
     * @param recovery how long after the end of all faults each worker was answered, at the latest
     * @param seen whether all was seen that Redis did; else only what workers know and what Redis says at the end was checked
     */
    record Outcome(long granted, long refused, long failed, Duration recovery, boolean seen) {

        /** Returns whether service was normal in time. */
        boolean isInTime() {
            return this.recovery.compareTo(RECOVERY) <= 0;
        }

        long calls() {
            return this.granted + this.refused + this.failed;
        }
    }
}
