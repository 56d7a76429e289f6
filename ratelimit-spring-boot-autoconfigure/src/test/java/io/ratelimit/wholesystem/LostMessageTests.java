package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.Step.Granted;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Messages that do not arrive: whoever was granted learns that all the same, at the next heartbeat at the latest, and keeps its slot.
 */
class LostMessageTests {

    private static final Duration LEASE = Duration.ofSeconds(6);

    private static final Duration SLACK = Duration.ofMillis(900);

    private static final Setup SETUP = Setup.ofSlots(1).withLease(LEASE);

    private final WholeSystem system = WholeSystem.watched();

    private final Witness witness = this.system.witness();

    @AfterEach
    void close() {
        this.system.close();
    }

    @Test
    void areMadeUpForByTheNextHeartbeat() {
        try (Proxy proxy = new Proxy(this.system.redis())) {
            WorkerProcess holder = this.system.start(SETUP).acquire(1, Call.patient());
            this.witness.awaitHeld(1);
            WorkerProcess waiter = this.system.start(1, SETUP, proxy.port()).get(0);
            waiter.acquire(1, Call.patient());
            this.witness.awaitQueued(1);
            proxy.loseMessages(true);
            holder.close(1);
            waiter.await(Event.GRANTED, 1);
            assertThat(proxy.lostMessages()).isEqualTo(1);
            long delay = waiter.occurrences(Event.GRANTED).get(0).nanos()
                    - holder.occurrences(Event.CLOSING).get(0).nanos();
            System.out.printf("A lost message is made up for after %d ms, lease %s%n", delay / 1_000_000, LEASE);
            assertThat(Duration.ofNanos(delay)).isLessThan(LEASE.dividedBy(3).plus(SLACK));
            this.system.closeAll();
            new HistoryChecker(this.system.end()).sound().undisturbed().neverMoreLeasesThan(1);
        }
    }

    /** The next heartbeat is far too late for this. */
    @Test
    void areMadeUpForAsSoonAsTheSubscriptionIsBack() {
        List<WorkerProcess> workers = this.system.start(2, SETUP.withLease(Duration.ofMinutes(5)));
        for (int i = 0; i < 10; i++) {
            WorkerProcess holder = workers.get(i % 2).acquire(1, Call.patient());
            this.witness.awaitHeld(1);
            WorkerProcess waiter = workers.get(1 - i % 2).acquire(1, Call.patient());
            this.witness.awaitQueued(1);
            long granted = waiter.count(Event.GRANTED);
            assertThat(this.system.probe().cutSubscriptions()).isPositive();
            holder.close(1);
            waiter.await(Event.GRANTED, granted + 1);
            this.system.closeAll();
        }
        History history = this.system.end();
        new HistoryChecker(history).sound().undisturbed().neverMoreLeasesThan(1);
        assertThat(history.grants().filter(Granted::fromQueue)).hasSize(10);
    }

    @Test
    void loseNobodyUnderLoad() {
        List<WorkerProcess> workers = this.system.start(2, Setup.ofSlots(5).withLease(Duration.ofSeconds(3)));
        Call call = Call.patient().holdingFor(Duration.ofMillis(2));
        workers.forEach((worker) -> worker.load(32, call));
        long cut = 0;
        for (int i = 0; i < 10; i++) {
            workers.get(i % 2).awaitMoreGranted(20);
            cut += this.system.probe().cutSubscriptions();
        }
        workers.forEach((worker) -> worker.awaitMoreGranted(20).unload());
        workers.forEach((worker) -> worker.await(Event.LOADED, 1));
        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound().undisturbed();
        assertThat(checker.neverMoreLeasesThan(5)).isEqualTo(5);
        checker.neverMoreInUseThan(5);
        assertThat(cut).isGreaterThanOrEqualTo(10);
        System.out.printf(
                "%d subscriptions cut during %d grants%n", cut, history.grants().count());
    }
}
