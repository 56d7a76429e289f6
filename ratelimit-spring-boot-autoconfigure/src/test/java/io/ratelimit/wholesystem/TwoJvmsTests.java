package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.Step.Granted;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Two JVMs on one Redis share one limit, under load.
 */
class TwoJvmsTests {

    private static final Set<String> HANDING_OVER = Set.of("acquire", "wait", "release", "cancel", "withdraw");

    private final WholeSystem system = new WholeSystem();

    @AfterEach
    void close() {
        this.system.close();
    }

    @Test
    void neverAdmitMoreThanTheRateInAnyWindowAndUseItUp() {
        Duration time = Duration.ofSeconds(6);
        Duration window = Duration.ofSeconds(1);
        load(Setup.ofRate(100, window), 4, time, Call.impatient().holdingFor(Duration.ZERO));
        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound();
        int most = checker.neverAdmittedMoreThan(100, window);
        List<Long> admitted = history.occurrences(Event.ADMITTED)
                .map(Occurrence::call)
                .sorted()
                .toList();
        // the median, since a busy machine pauses now and then
        double windows = IntStream.range(100, admitted.size())
                        .mapToLong((i) -> admitted.get(i) - admitted.get(i - 100))
                        .sorted()
                        .skip((admitted.size() - 100) / 2)
                        .findFirst()
                        .orElseThrow()
                / (window.toNanos() / 1e3);
        System.out.printf(
                "Rate of 100/s, two JVMs, %s: %d admitted, at most %d in any second, in the median 100 in %.4f s%n",
                time, admitted.size(), most, windows);
        assertThat(most).isEqualTo(100);
        assertThat(windows).isBetween(1.0, 1.03);
        assertThat(history.occurrences(Event.TURNED_AWAY)).isNotEmpty();
    }

    @Test
    void neverHoldMoreThanTheSlotsWithoutWaiting() {
        this.system.watch();
        load(Setup.ofSlots(5), 8, Duration.ofSeconds(2), Call.impatient().holdingFor(Duration.ofMillis(2)));
        History history = this.system.end();
        HistoryChecker checker = new HistoryChecker(history).sound().undisturbed();
        assertThat(checker.neverMoreLeasesThan(5)).isEqualTo(5);
        checker.neverMoreInUseThan(5);
        assertThat(history.grants()).hasSizeGreaterThan(200);
        assertThat(history.occurrences(Event.REFUSED)).isNotEmpty();
        this.system.checkThatAllKeysExpire();
    }

    /** Watching slows Redis down, so hand-overs are counted before anybody watches, too. */
    @Test
    void handSlotsOverInTheOrderOfTheQueue() {
        Call call = Call.patient().holdingFor(Duration.ofMillis(2));
        List<WorkerProcess> workers = load(Setup.ofSlots(5), 64, Duration.ofSeconds(1), call); // warms up
        this.system.probe().resetCounts();
        long before = granted(workers);
        load(workers, 64, Duration.ofSeconds(3), call);
        double handOvers = granted(workers) - before;
        double scripts = this.system.probe().scripts() / handOvers;
        new HistoryChecker(this.system.history()).neverMoreInUseThan(5);

        this.system.watch();
        load(workers, 64, Duration.ofSeconds(3), call);
        History history = watched(this.system.end());
        HistoryChecker checker = new HistoryChecker(history).sound().undisturbed();
        assertThat(checker.neverMoreLeasesThan(5)).isEqualTo(5);
        checker.neverMoreInUseThan(5);
        assertThat(history.grants().filter(Granted::fromQueue)).hasSizeGreaterThan(500);
        double handingOver = this.system.witness().calls().stream()
                .filter((seen) -> HANDING_OVER.contains(seen.operation()))
                .count();
        System.out.printf(
                "Two JVMs of 64 threads, 5 slots, 2 ms, 3 s: %.0f hand-overs of %.3f scripts; watched %d, %d from the queue, of %.3f scripts%n",
                handOvers,
                scripts,
                history.grants().count(),
                history.grants().filter(Granted::fromQueue).count(),
                handingOver / history.grants().count());
        assertThat(scripts).as("scripts of a hand-over, heartbeats included").isLessThanOrEqualTo(2.1);
        assertThat(handingOver).isLessThanOrEqualTo(2 * history.grants().count());
        this.system.checkThatAllKeysExpire();
    }

    /** Returns what has happened since the first grant that was seen. */
    private static History watched(History history) {
        long first = history.grants().findFirst().orElseThrow().fence();
        return new History(
                history.steps(),
                history.occurrences().stream()
                        .filter((occurrence) -> occurrence.number() == 0 || occurrence.number() >= first)
                        .toList(),
                history.endMicros());
    }

    private List<WorkerProcess> load(Setup setup, int threads, Duration time, Call call) {
        List<WorkerProcess> workers = this.system.start(2, setup);
        load(workers, threads, time, call);
        return workers;
    }

    private static void load(List<WorkerProcess> workers, int threads, Duration time, Call call) {
        long loads = workers.get(0).count(Event.LOADED) + 1;
        workers.forEach((worker) -> worker.load(threads, time, call));
        workers.forEach((worker) -> worker.await(Event.LOADED, loads));
    }

    private static long granted(List<WorkerProcess> workers) {
        return workers.stream()
                .mapToLong((worker) -> worker.count(Event.GRANTED))
                .sum();
    }
}
