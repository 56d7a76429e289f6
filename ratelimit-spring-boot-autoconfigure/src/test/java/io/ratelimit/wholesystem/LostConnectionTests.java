package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A Redis that cuts all connections, or forgets its scripts, in the middle of everything: some calls have not arrived, of some the reply
 * is lost, and they are sent again.
 */
class LostConnectionTests {

    private static final int CALLS = 2_000;

    private static final int ROUNDS = 10;

    private final WholeSystem system = WholeSystem.watched();

    private final Witness witness = this.system.witness();

    @AfterEach
    void close() {
        this.system.close();
    }

    @Test
    void neitherLosesNorDoublesASlot() {
        WorkerProcess worker = this.system.start(Setup.ofSlots(CALLS));
        for (int i = 0; i < 10; i++) {
            worker.acquire(CALLS / 10, Call.impatient());
            this.system.probe().cutConnections();
        }
        Awaiting.until(
                "all calls are answered",
                () -> worker.count(Event.GRANTED) + worker.count(Event.FAILED) == CALLS,
                worker::toString);
        this.witness.awaitHeld(worker.count(Event.GRANTED));
        for (int i = 0; i < 10; i++) {
            worker.close((int) worker.count(Event.GRANTED) / 10);
            this.system.probe().cutConnections();
        }
        this.system.closeAll();
        History history = this.system.end();
        new HistoryChecker(history).sound().nothingTakenBack().nothingLeft();
        System.out.printf(
                "%d of %d calls were granted across 10 cuts of all connections%n", worker.count(Event.GRANTED), CALLS);
        assertThat(worker.count(Event.GRANTED)).isPositive();
    }

    @Test
    void losesNobodyWhoWaits() {
        underLoad("connections cut", RedisProbe::cutConnections); // some calls fail: they could not be sent
    }

    @Test
    void losesNobodyWhoWaitsWithItsScripts() {
        History history = underLoad("script caches emptied", (probe) -> {
            probe.flushScripts();
            return 1;
        });
        assertThat(history.occurrences(Event.FAILED)).isEmpty();
    }

    private History underLoad(String what, ToLongFunction<RedisProbe> harm) {
        List<WorkerProcess> workers = this.system.start(2, Setup.ofSlots(5).withLease(Duration.ofSeconds(6)));
        Call call = Call.patient().holdingFor(Duration.ofMillis(2));
        workers.forEach((worker) -> worker.load(32, call));
        long done = 0;
        for (int i = 0; i < ROUNDS; i++) {
            workers.get(i % 2).awaitMoreGranted(20);
            done += harm.applyAsLong(this.system.probe());
        }
        workers.forEach((worker) -> worker.awaitMoreGranted(20).unload());
        workers.forEach((worker) -> worker.await(Event.LOADED, 1));
        this.system.closeAll();
        History history = this.system.end();
        System.out.printf(
                "%d %s during %d grants: %d calls failed%n",
                done,
                what,
                history.grants().count(),
                history.occurrences(Event.FAILED).count());
        HistoryChecker checker = new HistoryChecker(history).sound().undisturbed();
        assertThat(checker.neverMoreLeasesThan(5)).isEqualTo(5);
        checker.neverMoreInUseThan(5);
        assertThat(done).isGreaterThanOrEqualTo(ROUNDS);
        this.system.checkThatAllKeysExpire();
        return history;
    }
}
