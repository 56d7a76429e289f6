package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * One queue over several JVMs, step by step.
 */
class QueueTests {

    private final WholeSystem system = WholeSystem.watched();

    private final Witness witness = this.system.witness();

    @AfterEach
    void close() {
        this.system.close();
    }

    @Test
    void aLoweredLimitGrantsNothingUntilEnoughIsGivenBack() {
        WorkerProcess before = this.system.start(Setup.ofSlots(5));
        before.acquire(8, Call.patient());
        this.witness.awaitHeld(5);
        this.witness.awaitQueued(3);
        WorkerProcess after = this.system.start(Setup.ofSlots(2)); // its definition is newer
        after.acquire(1, Call.patient());
        this.witness.awaitQueued(4);
        before.close(3);
        this.witness.awaitHeld(2);
        assertThat(this.witness.queued()).isEqualTo(4);
        this.system.closeAll();
        History history = this.system.end();
        new HistoryChecker(history).sound().undisturbed().neverMoreLeasesThan(5);
        List<Step> steps = history.steps();
        for (int i = 0, freed = 0, fromQueue = 0; i < steps.size(); i++) {
            freed += (steps.get(i) instanceof Freed) ? 1 : 0;
            if (steps.get(i) instanceof Granted granted && granted.fromQueue()) {
                fromQueue++;
                assertThat(5 + fromQueue - freed).as("held at %s", granted).isLessThanOrEqualTo(2);
            }
        }
        assertThat(history.grants()).hasSize(9);
    }

    @Test
    void aFullQueueRefusesAtOnceWhoeverComes() {
        List<WorkerProcess> workers = this.system.start(2, Setup.ofSlots(5).withMaxQueue(10));
        workers.get(0).acquire(11, Call.patient());
        this.witness.awaitQueued(6);
        workers.get(1).acquire(4, Call.patient());
        this.witness.awaitQueued(10);
        int steps = this.witness.steps().size();
        workers.get(1).acquire(3, Call.patient()).await(Event.REFUSED, 3);
        workers.get(0).acquire(1, Call.patient()).await(Event.REFUSED, 1);
        assertThat(this.witness.catchUp().steps()).hasSize(steps);
        workers.get(0).close(1);
        this.witness.awaitQueued(9);
        workers.get(1).acquire(1, Call.patient());
        this.witness.awaitQueued(10);
        this.system.closeAll();
        History history = this.system.end();
        new HistoryChecker(history).sound().undisturbed().neverMoreLeasesThan(5);
        assertThat(history.grants()).hasSize(16);
        assertThat(history.occurrences(Event.TURNED_AWAY)).hasSize(4);
    }

    @Test
    void whoeverShutsDownLeavesTheQueueAtOnce() {
        Setup setup = Setup.ofSlots(1);
        List<WorkerProcess> workers = this.system.start(3, setup);
        WorkerProcess holder = workers.get(0).acquire(1, Call.patient());
        this.witness.awaitHeld(1);
        WorkerProcess leaving = workers.get(1).acquire(20, Call.patient());
        this.witness.awaitQueued(20);
        WorkerProcess staying = workers.get(2).acquire(5, Call.patient());
        this.witness.awaitQueued(25);
        leaving.stopEngine().await(Event.CANCELLED, 20);
        assertThat(this.witness.catchUp().queued()).isEqualTo(5);
        holder.close(1);
        staying.await(Event.GRANTED, 1);
        this.system.closeAll();
        History history = this.system.end();
        new HistoryChecker(history).sound().undisturbed().neverMoreLeasesThan(1);
        assertThat(history.grants()).hasSize(6);
        assertThat(leaving.count(Event.GRANTED)).isZero();
    }

    @Test
    void prioritiesAndAmountsHoldAcrossInstances() {
        List<WorkerProcess> workers = this.system.start(2, Setup.ofSlots(3));
        workers.get(0).acquire(1, Call.patient().withAmount(2));
        this.witness.awaitHeld(1);
        workers.get(1)
                .acquire(1, Call.patient().withAmount(3)); // bigger than what is free: the small ones wait behind it
        this.witness.awaitQueued(1);
        workers.get(0).acquire(2, Call.patient());
        this.witness.awaitQueued(3);
        workers.get(1).acquire(1, Call.patient().withPriority(100).withAmount(2)); // two, but goes first
        this.witness.awaitQueued(4);
        workers.get(0).close(1);
        workers.get(1).await(Event.GRANTED, 1);
        assertThat(this.witness.catchUp().held()).isEqualTo(1);
        this.system.closeAll();
        History history = this.system.end();
        new HistoryChecker(history).sound().undisturbed();
        assertThat(new HistoryChecker(history).neverMoreLeasesThan(3)).isEqualTo(3);
        assertThat(history.grants().map(Granted::slots)).containsExactly(2L, 2L, 3L, 1L, 1L);
    }

    @Test
    void ratesAndSlotsAreWaitedForTogether() {
        Duration window = Duration.ofSeconds(1);
        List<WorkerProcess> workers =
                this.system.start(2, Setup.ofSlots(4).withRate(20, window).withMaxQueue(200));
        workers.forEach((worker) -> worker.acquire(30, Call.patient().holdingFor(Duration.ofMillis(20))));
        workers.forEach((worker) -> worker.await(Event.CLOSING, 30));
        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound().undisturbed();
        checker.neverMoreLeasesThan(4);
        assertThat(checker.neverAdmittedMoreThan(20, window)).isEqualTo(20);
        assertThat(history.grants()).hasSize(60);
        List<Long> times = history.grants().map(Granted::atMicros).toList();
        assertThat(times.get(59) - times.get(0)).as("µs for three windows").isBetween(2_000_000L, 5_000_000L);
    }

    @Test
    void ratesAloneAreWaitedForInOrder() {
        Duration window = Duration.ofMillis(500);
        List<WorkerProcess> workers = this.system.start(2, Setup.ofRate(10, window));
        workers.forEach((worker) -> worker.acquire(20, Call.patient().holdingFor(Duration.ZERO)));
        workers.forEach((worker) -> worker.await(Event.CLOSING, 20));
        this.system.closeAll();
        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound().undisturbed();
        assertThat(checker.neverAdmittedMoreThan(10, window)).isEqualTo(10);
        assertThat(history.grants().filter(Granted::fromQueue)).hasSize(30);
    }

    @Test
    void tenThousandOfOneInstanceAreServedInOrder() {
        int count = 10_000;
        int slots = 50;
        WorkerProcess worker = this.system.start(Setup.ofSlots(slots)
                .withMaxQueue(count)
                .withLease(Duration.ofMinutes(1))); // renewing ten thousand takes its time
        worker.acquire(slots, Call.patient());
        this.witness.awaitHeld(slots);
        worker.acquire(count, Call.patient().holdingFor(Duration.ZERO));
        this.witness.awaitQueued(count);
        long startNanos = System.nanoTime();
        worker.close(slots).await(Event.CLOSING, count + slots);
        System.out.printf(
                "10,000 waiters of one instance, 50 slots, no hold: served in %.1f s%n",
                (System.nanoTime() - startNanos) / 1e9);
        History history = this.system.end();
        new HistoryChecker(history).sound().undisturbed().neverMoreLeasesThan(slots);
        List<Long> calls = history.occurrences(Event.GRANTED)
                .sorted(Comparator.comparingLong(Occurrence::number))
                .map(Occurrence::call)
                .toList();
        assertThat(LongStream.range(0, calls.size()).filter((i) -> calls.get((int) i) != i + 1))
                .as("places at which another call was granted")
                .isEmpty();
        assertThat(calls).hasSize(count + slots);
        this.system.checkThatAllKeysExpire();
    }
}
