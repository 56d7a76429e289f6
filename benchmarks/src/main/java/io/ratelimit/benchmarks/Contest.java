package io.ratelimit.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One workload: its subjects warm up, then take turns on one Redis, round by round, so that what disturbs the machine for a while
 * disturbs all of them.
 */
final class Contest {

    private final Workload workload;

    private final Options options;

    private Contest(Workload workload, Options options) {
        this.workload = workload;
        this.options = options;
    }

    /**
     * Runs a workload on a Redis of its own.
     *
     * @return the results, one per number of threads
     */
    static List<ContestResult> run(Workload workload, Options options) throws Exception {
        return new Contest(workload, options).run();
    }

    private List<ContestResult> run() throws Exception {
        try (RedisProcess redis = RedisProcess.start();
                RedisStats stats = new RedisStats(redis.port())) {
            Map<Subject, Contestant> contestants = new EnumMap<>(Subject.class);
            try {
                for (Subject subject : this.options.subjects(this.workload)) {
                    contestants.put(subject, subject.open(redis.port()));
                }
                return run(contestants, stats);
            } finally {
                contestants.values().forEach(Contestant::close);
            }
        }
    }

    private List<ContestResult> run(Map<Subject, Contestant> contestants, RedisStats stats) throws Exception {
        Map<Subject, Call> calls = new EnumMap<>(Subject.class);
        for (Map.Entry<Subject, Contestant> entry : contestants.entrySet()) {
            calls.put(entry.getKey(), entry.getValue().call(this.workload));
        }
        warmUp(calls, stats);
        List<ContestResult> results = new ArrayList<>();
        for (int threads : this.options.threads(this.workload)) {
            results.add(takeTurns(calls, threads, stats));
        }
        return results;
    }

    private void warmUp(Map<Subject, Call> calls, RedisStats stats) throws InterruptedException {
        List<Integer> threads = this.options.threads(this.workload);
        Duration share = this.options.warmup().dividedBy(threads.size());
        for (Map.Entry<Subject, Call> entry : calls.entrySet()) {
            System.out.printf("%s: %s warms up%n", this.workload, entry.getKey());
            for (int count : threads) {
                Load.run(entry.getValue(), this.workload.granted(), count, Duration.ZERO, share, stats);
            }
        }
    }

    private ContestResult takeTurns(Map<Subject, Call> calls, int threads, RedisStats stats)
            throws InterruptedException {
        Map<Subject, List<Pass>> passes = new EnumMap<>(Subject.class);
        for (int round = 1; round <= this.options.rounds(); round++) {
            for (Map.Entry<Subject, Call> entry : calls.entrySet()) {
                Pass pass = Load.run(
                        entry.getValue(),
                        this.workload.granted(),
                        threads,
                        this.options.settle(),
                        this.options.pass(),
                        stats);
                passes.computeIfAbsent(entry.getKey(), (subject) -> new ArrayList<>())
                        .add(pass);
                System.out.printf(
                        Locale.ROOT,
                        "%s, %d threads, round %d: %s %,.0f/s %s%n",
                        this.workload,
                        threads,
                        round,
                        entry.getKey(),
                        pass.perSecond(),
                        pass.trouble().orElse(""));
            }
        }
        return new ContestResult(this.workload, threads, passes);
    }
}
