package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Waiting costs nothing while nothing moves: no CPU, and no command beyond heartbeats and renewals.
 */
class IdleWaitersTests {

    private static final int WAITERS = 1_000;

    private static final Duration BEAT = Duration.ofSeconds(2);

    private static final Duration MEASURED = Duration.ofSeconds(5);

    @Test
    void costNothing() throws InterruptedException {
        try (WholeSystem system = WholeSystem.watched()) {
            Witness witness = system.witness();
            List<WorkerProcess> workers = system.start(2, Setup.ofSlots(1).withLease(BEAT.multipliedBy(3)));
            workers.get(0).acquire(1, Call.patient());
            witness.awaitHeld(1);
            WorkerProcess waiting = workers.get(1).block(WAITERS, Call.patient());
            witness.awaitQueued(WAITERS);
            int from = awaitHeartbeat(witness, waiting.instance());

            Duration cpuBefore = waiting.cpuTime();
            TimeUnit.NANOSECONDS.sleep(MEASURED.toNanos()); // what is measured is this time
            Duration cpu = waiting.cpuTime().minus(cpuBefore);
            List<SeenCall> seen = witness.catchUp().calls();
            int to = lastHeartbeat(seen, waiting.instance());

            List<SeenCall> calls = seen.subList(from, to);
            long beats = count(calls, waiting, "heartbeat");
            System.out.printf(
                    "%d threads wait: %.1f ms of CPU time in %s, %d heartbeats, %d renewals%n",
                    WAITERS, cpu.toNanos() / 1e6, MEASURED, beats, count(calls, waiting, "renew"));
            assertThat(beats).isPositive();
            assertThat(count(calls, waiting, "renew"))
                    .as("renewals of up to 128 tickets, and looks whether a lease has ended")
                    .isBetween(beats * 8, beats * 9);
            assertThat(count(calls, waiting, "inspect"))
                    .as("samples for meters, unless they went with a renewal")
                    .isLessThanOrEqualTo(beats);
            assertThat(calls.stream().map(SeenCall::operation))
                    .isSubsetOf(Set.of("heartbeat", "settings", "renew", "inspect", "ECHO"));
            assertThat(cpu).isLessThan(MEASURED.dividedBy(20));
        }
    }

    /** Waits for the next heartbeat of an instance; returns where it stands among the calls. */
    private static int awaitHeartbeat(Witness witness, String instance) {
        int before = lastHeartbeat(witness.catchUp().calls(), instance);
        Awaiting.until(
                "next heartbeat", () -> lastHeartbeat(witness.catchUp().calls(), instance) > before, witness::toString);
        return lastHeartbeat(witness.calls(), instance);
    }

    private static int lastHeartbeat(List<SeenCall> calls, String instance) {
        return calls.lastIndexOf(new SeenCall(instance, "heartbeat"));
    }

    private static long count(List<SeenCall> calls, WorkerProcess worker, String operation) {
        SeenCall call = new SeenCall(worker.instance(), operation);
        return calls.stream().filter(call::equals).count();
    }
}
