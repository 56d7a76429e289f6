package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.wholesystem.Step.Dropped;
import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.Queued;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * Connections that break between script and reply: Redis has done what it was asked for, the worker does not know and asks again.
 */
@TestInstance(Lifecycle.PER_CLASS) // one worker for all tests, each of which leaves nothing behind
class LostReplyTests {

    private final WholeSystem system = WholeSystem.watched();

    private final Witness witness = this.system.witness();

    private final Proxy proxy = new Proxy(this.system.redis());

    private final WorkerProcess worker = this.system
            .start(1, Setup.ofSlots(1).withLease(Duration.ofSeconds(6)), this.proxy.port())
            .get(0);

    private int stepsBefore;

    private int repliesToLose;

    @AfterAll
    void close() {
        this.proxy.close();
        this.system.close();
    }

    @AfterEach
    void lostWhatWasToBeLostAndLeftNothing() {
        this.system.closeAll();
        assertThat(this.proxy.lostReplies()).isEqualTo(this.repliesToLose);
        // a renewal that crosses the release of its permit puts it back for a round trip
        await().untilAsserted(() -> {
            HistoryChecker checker =
                    new HistoryChecker(this.system.history()).sound().undisturbed();
            checker.neverMoreLeasesThan(1);
            checker.neverMoreInUseThan(1);
        });
    }

    @Test
    void ofAnAcquisitionThatIsGrantedTakeOneSlot() {
        long granted = this.worker.count(Event.GRANTED);
        loseReply("wait");
        this.worker.acquire(1, Call.patient()).await(Event.GRANTED, granted + 1);
        assertThat(steps(Granted.class)).hasSize(1);
        assertThat(this.witness.held()).isEqualTo(1);
    }

    @Test
    void ofAnAcquisitionThatQueuesTakeOnePlace() {
        long granted = holdTheSlot();
        loseReply("wait");
        this.worker.acquire(2, Call.patient());
        awaitLoss();
        this.witness.awaitQueued(2);
        this.worker.close(1).await(Event.GRANTED, granted + 1).close(1).await(Event.GRANTED, granted + 2);
        assertThat(steps(Queued.class)).hasSize(2);
        assertThat(steps(Granted.class)).hasSize(3);
    }

    @Test
    void ofAReleaseFreeOneSlot() {
        holdTheSlot();
        loseReply("release");
        this.worker.close(1);
        awaitLoss();
        this.witness.awaitHeld(0);
        assertThat(steps(Freed.class)).hasSize(1);
    }

    @Test
    void ofAReleaseThatGrantsTheNextAreMadeUpForByTheHeartbeat() {
        long granted = holdTheSlot();
        this.worker.acquire(1, Call.patient());
        this.witness.awaitQueued(1);
        loseReply("release");
        this.worker.close(1);
        awaitLoss();
        this.worker.await(Event.GRANTED, granted + 1);
        assertThat(steps(Granted.class)).hasSize(2);
    }

    @Test
    void ofACancellationLeaveTheQueueOnce() {
        holdTheSlot();
        long cancelled = this.worker.count(Event.CANCELLED);
        this.worker.acquire(2, Call.patient());
        this.witness.awaitQueued(2);
        loseReply("cancel");
        this.worker.cancel(1).await(Event.CANCELLED, cancelled + 1);
        awaitLoss();
        this.witness.awaitQueued(1);
        assertThat(steps(Dropped.class)).hasSize(1);
    }

    @Test
    void ofAWithdrawalLeaveTheQueueOnce() {
        holdTheSlot();
        long timedOut = this.worker.count(Event.TIMED_OUT);
        loseReply("withdraw");
        this.worker.acquire(1, Call.waiting(Duration.ofMillis(50)));
        this.worker.await(Event.TIMED_OUT, timedOut + 1);
        assertThat(steps(Dropped.class)).hasSize(1);
        assertThat(this.witness.queued()).isZero();
    }

    @Test
    void underLoadLoseNobody() {
        long loaded = this.worker.count(Event.LOADED);
        this.worker.load(32, Call.patient().holdingFor(Duration.ofMillis(1)));
        int before = this.repliesToLose;
        for (int i = 0; i < 5; i++) {
            this.worker.awaitMoreGranted(20);
            loseAnyReply("");
            awaitLoss();
        }
        this.worker.awaitMoreGranted(20).unload().await(Event.LOADED, loaded + 1);
        System.out.printf(
                "%d replies lost during %d grants%n",
                this.repliesToLose - before, steps(Granted.class).size());
        assertThat(this.worker.count(Event.FAILED)).isZero();
    }

    private long holdTheSlot() {
        long granted = this.worker.count(Event.GRANTED);
        this.stepsBefore = this.witness.catchUp().steps().size();
        this.worker.acquire(1, Call.patient()).await(Event.GRANTED, granted + 1);
        return granted + 1;
    }

    private void loseReply(String operation) {
        loseAnyReply(SeenCall.onTheWire(operation));
    }

    private void loseAnyReply(String regex) {
        if (this.witness.catchUp().isQuiet()) {
            this.stepsBefore = this.witness.steps().size();
        }
        this.repliesToLose++;
        this.proxy.loseReplies(regex, 1);
    }

    private void awaitLoss() {
        Awaiting.until(
                "reply is lost",
                () -> this.proxy.lostReplies() == this.repliesToLose,
                () -> this.witness + ", " + this.worker);
    }

    /** Returns the steps of this test. */
    private <S extends Step> List<S> steps(Class<S> kind) {
        List<Step> all = this.witness.catchUp().steps();
        return all.subList(this.stepsBefore, all.size()).stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }
}
