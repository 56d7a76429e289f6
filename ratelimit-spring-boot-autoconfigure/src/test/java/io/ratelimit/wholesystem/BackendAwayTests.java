package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.testkit.RedisServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Redis is killed under the load of four instances, which go on alone, and is started again: empty, or with what it had. {@code
 * -Dratelimit.test.absences=20} repeats that; the figures are printed.
 */
class BackendAwayTests {

    private static final int WORKERS = 4;

    private static final int LIMIT = 8;

    private static final int SHARE = LIMIT / WORKERS;

    private static final Duration WINDOW = Duration.ofMillis(500);

    private static final Duration LEASE = Duration.ofSeconds(12);

    private static final int REPETITIONS = Integer.getInteger("ratelimit.test.absences", 1);

    private static final Call WORK = Call.impatient().holdingFor(Duration.ofMillis(20));

    private final List<WorkerProcess> workers = new ArrayList<>();

    private RedisServer redis = RedisServer.start();

    @AfterEach
    void close() {
        this.workers.forEach(WorkerProcess::close);
        this.redis.close();
    }

    private void start(String persistence, Setup setup) {
        this.redis.close();
        this.redis = RedisServer.startOn(this.redis.port(), "appendonly " + persistence, "appendfsync always");
        Setup alone = setup.withLease(LEASE)
                .withCommandTimeout(Duration.ofMillis(500))
                .onTheirOwn();
        for (int i = 1; i <= WORKERS; i++) {
            this.workers.add(WorkerProcess.start(i, Integer.toString(this.redis.port()), alone));
        }
        this.workers.forEach(WorkerProcess::awaitReady);
        this.workers.forEach((worker) -> Awaiting.until(
                "all know of each other", () -> ask(worker, "instances", Event.INSTANCES) == WORKERS, () -> worker));
    }

    private static long ask(WorkerProcess worker, String question, Event answer) {
        long before = worker.count(answer);
        worker.tell(question);
        List<Occurrence> answers = worker.await(answer, before + 1).occurrences(answer);
        return answers.get(answers.size() - 1).number();
    }

    private void kill() {
        List<Long> before =
                this.workers.stream().map((worker) -> worker.count(Event.AWAY)).toList();
        this.redis.kill();
        for (int i = 0; i < WORKERS; i++) {
            this.workers.get(i).await(Event.AWAY, before.get(i) + 1);
        }
    }

    /** Starts Redis again, and returns how long it took until every worker was granted something by it, in milliseconds. */
    private long startAgain() {
        List<Long> before =
                this.workers.stream().map((worker) -> worker.count(Event.BACK)).toList();
        this.redis = this.redis.startAgain();
        long startedNanos = System.nanoTime();
        for (int i = 0; i < WORKERS; i++) {
            this.workers.get(i).await(Event.BACK, before.get(i) + 1);
        }
        long last = this.workers.stream()
                .flatMap((worker) -> worker.occurrences(Event.BACK).stream())
                .mapToLong(Occurrence::nanos)
                .max()
                .orElseThrow();
        return TimeUnit.NANOSECONDS.toMillis(last - startedNanos);
    }

    private Stream<Occurrence> occurrences(Event event) {
        return this.workers.stream().flatMap((worker) -> worker.occurrences(event).stream());
    }

    private String slowest() {
        List<Occurrence> last = this.workers.stream()
                .map((worker) -> worker.occurrences(Event.BACK))
                .map((all) -> all.get(all.size() - 1))
                .toList();
        return "slowest call while it was known to be away %.1f ms, longest stall of a process %.1f ms"
                .formatted(
                        last.stream().mapToLong(Occurrence::number).max().orElseThrow() / 1e6,
                        last.stream()
                                        .mapToLong((back) -> Long.parseLong(back.text()))
                                        .max()
                                        .orElseThrow()
                                / 1e6);
    }

    private void nobodyGoesUnnoticed() {
        assertThat(occurrences(Event.FAILED)).as("calls that failed").isEmpty();
        assertThat(occurrences(Event.LOST)).as("permits that were lost").isEmpty();
        assertThat(occurrences(Event.RECLAIMED))
                .as("slots that nobody gave back")
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"no, 'without its state'", "yes, 'with its state'"})
    void slotsAreNeverMoreThanTheSharesAndWhatIsHeld(String persistence, String restarted) {
        start(persistence, Setup.ofSlots(LIMIT));
        for (int i = 0; i < REPETITIONS; i++) {
            slots(restarted);
        }
        nobodyGoesUnnoticed();
    }

    private void slots(String restarted) {
        WorkerProcess first = this.workers.get(0);
        hold(first, 3, Call.impatient());
        hold(this.workers.get(1), 1, Call.impatient());
        this.workers.forEach((worker) -> worker.load(3, WORK));
        this.workers.get(2).awaitMoreGranted(5);
        kill();
        this.workers.subList(1, WORKERS).forEach((worker) -> await(worker, Event.LOCAL, 20));
        first.close(2);
        await(first, Event.LOCAL, 5);
        // one that stays until Redis is back, granted by its worker alone
        WorkerProcess last = this.workers.get(3);
        long loads = last.count(Event.LOADED);
        last.unload().await(Event.LOADED, loads + 1);
        hold(last, 1, Call.waiting(Duration.ofSeconds(20)));
        long backMillis = startAgain();
        List<WorkerProcess> loaded = this.workers.subList(0, WORKERS - 1);
        loaded.forEach((worker) -> worker.awaitMoreGranted(5));
        loaded.forEach(WorkerProcess::unload);
        loaded.forEach((worker) -> worker.await(Event.LOADED, loads + 1));
        Awaiting.until(
                "Redis knows the three that are held, and no more",
                () -> ask(first, "holders", Event.HOLDERS) == 3,
                () -> this.workers);
        String most = checkInUse();
        first.close(1);
        this.workers.get(1).close(1);
        last.close(1);
        Awaiting.until("nothing is held", () -> ask(first, "holders", Event.HOLDERS) == 0, () -> this.workers);
        hold(first, LIMIT, Call.impatient());
        long refused = first.count(Event.REFUSED);
        first.acquire(1, Call.impatient()).await(Event.REFUSED, refused + 1);
        first.close(LIMIT);
        System.out.printf(
                "Redis killed under load of %d instances, %d slots, restarted %s: at most %s; all back %d ms after it listened, %s%n",
                WORKERS, LIMIT, restarted, most, backMillis, slowest());
    }

    private static void hold(WorkerProcess worker, int count, Call call) {
        long before = worker.count(Event.GRANTED);
        worker.acquire(count, call).await(Event.GRANTED, before + count);
    }

    private static void await(WorkerProcess worker, Event event, long more) {
        worker.await(event, worker.count(event) + more);
    }

    /**
     * Each worker has no more in use than its share, or what Redis had granted it before. What a worker tells is never more than what is so: it
     * tells of a permit after it has it, and of the end before it gives it back.
     */
    private String checkInUse() {
        List<String> most = new ArrayList<>();
        for (WorkerProcess worker : this.workers) {
            Set<Long> local = new HashSet<>();
            Set<Long> inUse = new HashSet<>();
            boolean alone = false;
            long newestLocal = 0;
            int allowed = 0;
            int greatest = 0;
            for (Occurrence occurrence : inOrder(worker)) {
                switch (occurrence.event()) {
                    case LOCAL -> {
                        local.add(occurrence.call());
                        newestLocal = occurrence.number();
                    }
                    case GRANTED -> {
                        inUse.add(occurrence.call());
                        // a thread may be told of a grant by Redis, which is back, before another says that it is; a
                        // fence is a time
                        alone &= local.contains(occurrence.call()) || occurrence.number() < newestLocal;
                    }
                    case CLOSING, CLOSING_LATE, LOST -> inUse.remove(occurrence.call());
                    case AWAY -> {
                        alone = true;
                        newestLocal = Long.MAX_VALUE;
                        allowed = Math.max(SHARE, (int) inUse.stream()
                                .filter((call) -> !local.contains(call))
                                .count());
                    }
                    case BACK -> alone = false;
                    default -> {}
                }
                if (alone && inUse.stream().anyMatch(local::contains)) {
                    greatest = Math.max(greatest, inUse.size());
                    assertThat(inUse.size())
                            .as("permits in use at %s", occurrence)
                            .isLessThanOrEqualTo(allowed);
                }
            }
            most.add("%d of %d".formatted(greatest, allowed));
        }
        return String.join(", ", most) + " in use beside local permits";
    }

    private static List<Occurrence> inOrder(WorkerProcess worker) {
        return worker.soFar().stream()
                .sorted(Comparator.comparingLong(Occurrence::nanos))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"no, 'without its state'"})
    void ratesAreNeverMoreThanTheSharesInAnyWindow(String persistence, String restarted) {
        start(persistence, Setup.ofRate(10 * WORKERS, WINDOW));
        for (int i = 0; i < REPETITIONS; i++) {
            this.workers.forEach((worker) -> worker.load(2, WORK));
            this.workers.forEach((worker) -> worker.awaitMoreGranted(10));
            kill();
            this.workers.forEach((worker) -> await(worker, Event.LOCAL, 30));
            long backMillis = startAgain();
            this.workers.forEach((worker) -> worker.awaitMoreGranted(10));
            long loads = this.workers.get(0).count(Event.LOADED);
            this.workers.forEach(WorkerProcess::unload);
            this.workers.forEach((worker) -> worker.await(Event.LOADED, loads + 1));
            LongStream most = this.workers.stream().mapToLong(BackendAwayTests::mostInAWindow);
            System.out.printf(
                    "Redis killed under load of %d instances, %d per %s, restarted %s: at most %s in any window, of 10 each; all back %d ms after it listened, %s%n",
                    WORKERS, 10 * WORKERS, WINDOW, restarted, most.boxed().toList(), backMillis, slowest());
        }
        nobodyGoesUnnoticed();
    }

    /** The fence of a permit is the time of its grant. */
    private static long mostInAWindow(WorkerProcess worker) {
        Deque<Long> window = new ArrayDeque<>();
        int most = 0;
        for (long micros : worker.occurrences(Event.LOCAL).stream()
                .map(Occurrence::number)
                .sorted()
                .toList()) {
            window.add(micros);
            while (micros - window.element() >= TimeUnit.MILLISECONDS.toMicros(WINDOW.toMillis())) {
                window.remove();
            }
            most = Math.max(most, window.size());
        }
        assertThat(most).as("admissions of one worker alone in a window").isLessThanOrEqualTo(10);
        return most;
    }
}
