package io.ratelimit.benchmarks;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A crowd of waiters in two JVMs and few slots, each held for 2 ms: how fast and how fairly they go from hand to hand. The subjects
 * warm up, then take turns, round by round.
 */
final class HandoverContest {

    static final String NAME = "handover";

    private static final int JVMS = 2;

    private static final int WAITERS_PER_JVM = 64;

    /** How long the crowd waits on after the clock has stopped. */
    private static final Duration OVERTIME = Duration.ofMillis(200);

    private final Options options;

    private final int waiters;

    private final RedisStats redis;

    private final List<SlotsWorkerProcess> workers;

    private HandoverContest(Options options, int waiters, RedisStats redis, List<SlotsWorkerProcess> workers) {
        this.options = options;
        this.waiters = waiters;
        this.redis = redis;
        this.workers = workers;
    }

    /** Runs it on a Redis of its own, for each number of waiters per JVM. */
    static List<HandoverResult> run(Options options) throws IOException, InterruptedException {
        List<HandoverResult> results = new ArrayList<>();
        for (int waiters : options.threads().isEmpty() ? List.of(WAITERS_PER_JVM) : options.threads()) {
            results.add(run(options, waiters));
        }
        return results;
    }

    private static HandoverResult run(Options options, int waiters) throws IOException, InterruptedException {
        List<SlotsSubject> subjects = options.slotsSubjects();
        try (RedisProcess redis = RedisProcess.start();
                RedisStats stats = new RedisStats(redis.port());
                SlotsWorkerProcess one = SlotsWorkerProcess.start(redis.port(), subjects);
                SlotsWorkerProcess other = SlotsWorkerProcess.start(redis.port(), subjects)) {
            return new HandoverContest(options, waiters, stats, List.of(one, other)).run(subjects);
        }
    }

    private HandoverResult run(List<SlotsSubject> subjects) throws IOException, InterruptedException {
        for (SlotsWorkerProcess worker : this.workers) {
            worker.awaitReady();
        }
        for (SlotsSubject subject : subjects) {
            System.out.printf("%s: %s warms up%n", NAME, subject);
            run(subject, Duration.ZERO, this.options.warmup());
        }
        Map<SlotsSubject, List<HandoverPass>> passes = new EnumMap<>(SlotsSubject.class);
        for (int round = 1; round <= this.options.rounds(); round++) {
            for (SlotsSubject subject : subjects) {
                HandoverPass pass = run(subject, this.options.settle(), this.options.pass());
                passes.computeIfAbsent(subject, (key) -> new ArrayList<>()).add(pass);
                System.out.printf(
                        Locale.ROOT,
                        "%s, %d waiters in each JVM, round %d: %s %,.0f/s, utilisation %.2f %s%n",
                        NAME,
                        this.waiters,
                        round,
                        subject,
                        pass.perSecond(),
                        pass.utilisation(),
                        pass.history().mistakes().stream().findFirst().orElse(""));
            }
        }
        return new HandoverResult(this.waiters, passes);
    }

    private HandoverPass run(SlotsSubject subject, Duration settle, Duration length)
            throws IOException, InterruptedException {
        List<SlotsWorkerProcess> busy = subject.oneJvm() ? this.workers.subList(0, 1) : this.workers;
        int threads = this.waiters * JVMS / busy.size();
        for (SlotsWorkerProcess worker : busy) {
            worker.begin(subject, threads, settle.plus(length).plus(OVERTIME));
        }
        Thread.sleep(settle.toMillis());
        RedisStats.Sample before = this.redis.now();
        long startNanos = System.nanoTime();
        Thread.sleep(length.toMillis());
        RedisStats.Sample work = this.redis.now().minus(before);
        long endNanos = System.nanoTime();
        History history = new History(List.of(), List.of());
        for (SlotsWorkerProcess worker : busy) {
            history = history.and(worker.history());
        }
        return new HandoverPass(history, startNanos, endNanos, work);
    }
}
