package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.Step.Freed;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Workers that die by SIGKILL while they hold or wait: the others go on within one lease. The system property {@code
 * ratelimit.test.kills} says how often each scene is played, by default twice.
 */
class KilledWorkersTests {

    private static final Duration LEASE = Duration.ofSeconds(2);

    /** What a busy machine may take to notice that the lease has ended. */
    private static final Duration SLACK = Duration.ofMillis(900);

    private static final Setup SETUP = Setup.ofSlots(1).withLease(LEASE);

    private final WholeSystem system = WholeSystem.watched();

    private final Witness witness = this.system.witness();

    @AfterEach
    void close() {
        this.system.close();
    }

    static IntStream repetitions() {
        return IntStream.rangeClosed(1, Integer.getInteger("ratelimit.test.kills", 2));
    }

    @ParameterizedTest
    @MethodSource("repetitions")
    void delayTheOthersByNoMoreThanALease(int repetition) {
        List<WorkerProcess> workers = this.system.start(6, SETUP);
        WorkerProcess survivor = workers.get(0);
        Duration head = killTheHead(survivor, workers.get(1));
        Duration holder = killTheHolder(survivor, workers.get(2));
        Duration both = killHolderAndHead(survivor, workers.get(3), workers.get(4));
        Duration bothInOne = killHolderAndHead(survivor, workers.get(5), workers.get(5));
        System.out.printf(
                "Killed (%d), lease %s: the next is granted after %d ms (head), %d ms (holder), %d ms (both), %d ms (both in one JVM)%n",
                repetition, LEASE, head.toMillis(), holder.toMillis(), both.toMillis(), bothInOne.toMillis());
        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound().nothingLeft();
        assertThat(checker.neverMoreLeasesThan(1)).isEqualTo(1);
        checker.neverMoreInUseThan(1);
        assertThat(List.of(head, holder, both, bothInOne))
                .allSatisfy((delay) -> assertThat(delay).isLessThan(LEASE.plus(SLACK)));
        assertThat(history.steps(Freed.class).filter((freed) -> !freed.byOwner()))
                .as("slots taken back: of three dead holders, and of no more than three dead heads")
                .hasSizeLessThanOrEqualTo(6);
        this.system.checkThatAllKeysExpire();
    }

    /** The head dies, and right then its turn comes. */
    private Duration killTheHead(WorkerProcess survivor, WorkerProcess head) {
        acquire(survivor, 1, 0);
        acquire(head, 1, 1);
        acquire(survivor, 2, 3);
        long granted = survivor.count(Event.GRANTED);
        head.kill();
        survivor.close(1).await(Event.GRANTED, granted + 1);
        return delaySince(head, survivor);
    }

    private Duration killTheHolder(WorkerProcess survivor, WorkerProcess holder) {
        acquire(holder, 1, 0);
        acquire(survivor, 2, 2);
        long granted = survivor.count(Event.GRANTED);
        holder.kill();
        survivor.await(Event.GRANTED, granted + 1);
        return delaySince(holder, survivor);
    }

    private Duration killHolderAndHead(WorkerProcess survivor, WorkerProcess holder, WorkerProcess head) {
        acquire(holder, 1, 0);
        acquire(head, 1, 1);
        acquire(survivor, 2, 3);
        long granted = survivor.count(Event.GRANTED);
        holder.kill();
        head.kill();
        survivor.await(Event.GRANTED, granted + 1);
        return delaySince(head, survivor);
    }

    private void acquire(WorkerProcess worker, int count, int queued) {
        worker.acquire(count, Call.patient());
        this.witness.awaitQueued(queued);
        this.witness.awaitHeld(1);
    }

    /** Returns how long after a death the other was granted its next permit, and lets it close all. */
    private Duration delaySince(WorkerProcess dead, WorkerProcess other) {
        long died = dead.occurrences(Event.KILLED).get(0).nanos();
        long granted = other.occurrences(Event.GRANTED).stream()
                .mapToLong(Occurrence::nanos)
                .filter((nanos) -> nanos > died)
                .min()
                .orElseThrow();
        this.system.closeAll();
        return Duration.ofNanos(granted - died);
    }

    @Test
    void breakNothingUnderLoad() {
        List<WorkerProcess> workers = this.system.start(3, Setup.ofSlots(5).withLease(LEASE));
        Call call = Call.patient().holdingFor(Duration.ofMillis(5));
        workers.forEach((worker) -> worker.load(16, call));
        workers.forEach((worker) -> worker.awaitMoreGranted(20));
        workers.get(2).kill();
        this.witness.awaitTakenBack(); // of slots that it held, or was granted when it was dead already
        List<WorkerProcess> survivors = workers.subList(0, 2);
        survivors.forEach((worker) -> worker.awaitMoreGranted(20).unload());
        survivors.forEach((worker) -> worker.await(Event.LOADED, 1));
        this.witness.awaitQueued(0);
        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound();
        assertThat(checker.neverMoreLeasesThan(5)).isEqualTo(5);
        checker.neverMoreInUseThan(5);
        assertThat(history.occurrences(Event.LOST)).isEmpty();
    }
}
