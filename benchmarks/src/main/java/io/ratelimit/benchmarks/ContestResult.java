package io.ratelimit.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What came of a workload on one number of threads.
 *
 * @param passes the turns of each subject, by round
 */
record ContestResult(Workload workload, int threads, Map<Subject, List<Pass>> passes) {

    static Table newTable() {
        return new Table(
                "subject",
                "threads",
                "per second",
                "× bare",
                "p50 µs",
                "p99 µs",
                "scripts/call",
                "commands/call",
                "JVM µs/call",
                "Redis µs/call",
                "mistakes");
    }

    void addTo(Table table) {
        this.passes.forEach((subject, rounds) -> table.add(
                subject.toString(),
                Integer.toString(this.threads),
                Spread.of(rounds, Pass::perSecond).text("%,.0f"),
                timesBare(rounds),
                Spread.of(rounds, (pass) -> pass.latencyMicros(50)).medianText("%,.0f"),
                Spread.of(rounds, (pass) -> pass.latencyMicros(99)).medianText("%,.0f"),
                Spread.of(rounds, Pass::scriptsPerCall).medianText("%.2f"),
                Spread.of(rounds, Pass::commandsPerCall).medianText("%.2f"),
                Spread.of(rounds, Pass::cpuMicrosPerCall).medianText("%.1f"),
                Spread.of(rounds, Pass::redisCpuMicrosPerCall).medianText("%.1f"),
                Long.toString(rounds.stream().mapToLong(Pass::mistakes).sum())));
    }

    /** Divides within each round first: the two turns of a round have the machine in the same mood. */
    private String timesBare(List<Pass> rounds) {
        List<Pass> bare = this.passes.get(Subject.BARE);
        if (bare == null) {
            return "";
        }
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < rounds.size(); round++) {
            ratios.add(rounds.get(round).perSecond() / bare.get(round).perSecond());
        }
        return Spread.of(ratios, Double::doubleValue).text("%.2f");
    }
}
