package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Workers that stand still (SIGSTOP) for longer than a lease, and go on (SIGCONT) as if nothing had happened.
 */
class FrozenWorkersTests {

    private static final Duration LEASE = Duration.ofSeconds(2);

    private final WholeSystem system = WholeSystem.watched();

    private final Witness witness = this.system.witness();

    @AfterEach
    void close() {
        this.system.close();
    }

    @Test
    void whoeverSleepsThroughItsGrantWaitsAgainAndDoublesNothing() {
        List<WorkerProcess> workers = this.system.start(3, Setup.ofSlots(1).withLease(LEASE));
        WorkerProcess first = workers.get(0).acquire(1, Call.patient());
        this.witness.awaitHeld(1);
        WorkerProcess sleeper = workers.get(1).acquire(1, Call.patient());
        this.witness.awaitQueued(1);
        sleeper.acquire(1, Call.waiting(LEASE));
        this.witness.awaitQueued(2);
        WorkerProcess last = workers.get(2).acquire(1, Call.patient());
        this.witness.awaitQueued(3);

        sleeper.freeze();
        first.close(1);
        this.witness.awaitGranted(2);
        assertThat(this.system.history().grants().skip(1).map((grant) -> owner(grant.ticket())))
                .containsExactly(sleeper.instance());
        last.await(Event.GRANTED, 1);
        sleeper.thaw();
        this.witness.awaitQueued(1);
        sleeper.await(Event.TIMED_OUT, 1);
        assertThat(sleeper.count(Event.GRANTED)).isZero();
        assertThat(this.witness.catchUp().held()).isEqualTo(1);
        last.close(1);
        sleeper.await(Event.GRANTED, 1).close(1);
        this.witness.awaitHeld(0);

        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound().nothingLeft();
        assertThat(checker.neverMoreLeasesThan(1)).isEqualTo(1);
        checker.neverMoreInUseThan(1);
        assertThat(history.grants().map((grant) -> owner(grant.ticket())))
                .containsExactly(first.instance(), sleeper.instance(), last.instance(), sleeper.instance());
        assertThat(history.steps(Freed.class).map(Freed::byOwner)).containsExactly(true, false, true, true);
    }

    @Test
    void whoeverSleepsThroughItsLeaseLearnsThatAndFreesNothingOfOthers() {
        List<WorkerProcess> workers = this.system.start(3, Setup.ofSlots(2).withLease(LEASE));
        WorkerProcess sleeper = workers.get(0).acquire(2, Call.patient());
        this.witness.awaitHeld(2);
        WorkerProcess next = workers.get(1).acquire(2, Call.patient());
        this.witness.awaitQueued(2);
        WorkerProcess last = workers.get(2).acquire(1, Call.patient());
        this.witness.awaitQueued(3);

        sleeper.freeze();
        sleeper.tell("close 1"); // the first thing it does when it wakes up
        next.await(Event.GRANTED, 2);
        sleeper.thaw();
        sleeper.await(Event.CLOSING_LATE, 1).await(Event.LOST, 1).await(Event.DID, 2);
        sleeper.close(1).await(Event.CLOSING_LATE, 2);
        last.acquire(1, Call.patient());
        this.witness.awaitQueued(2);
        assertThat(this.witness.held()).isEqualTo(2);
        assertThat(last.count(Event.GRANTED)).isZero();
        next.close(1);
        last.await(Event.GRANTED, 1);
        this.system.closeAll();

        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound().nothingLeft();
        assertThat(checker.neverMoreLeasesThan(2)).isEqualTo(2);
        checker.neverMoreInUseThan(2);
        assertThat(history.steps(Freed.class).map(Freed::byOwner))
                .containsExactly(false, false, true, true, true, true);
        assertThat(history.occurrences(Event.LOST).map(Occurrence::number))
                .isSubsetOf(history.grants().limit(2).map(Granted::fence).toList());
    }

    private static String owner(String ticket) {
        return ticket.substring(0, ticket.indexOf(':'));
    }
}
