package io.ratelimit.benchmarks;

import java.util.List;
import java.util.Map;

/**
 * What came of the hand-overs.
 *
 * @param waiters how many waited in each JVM
 * @param passes the turns of each subject, by round
 */
record HandoverResult(int waiters, Map<SlotsSubject, List<HandoverPass>> passes) {

    static Table newTable() {
        return new Table(
                "subject",
                "waiters",
                "grants/s",
                "utilisation",
                "mean hold ms",
                "hand-over p50 µs",
                "p99 µs",
                "scripts/grant",
                "commands/grant",
                "wait p50 ms",
                "p99 ms",
                "longest ms",
                "overtaken p50",
                "p99",
                "most at once",
                "mistakes");
    }

    void addTo(Table table) {
        this.passes.forEach((subject, rounds) -> table.add(
                subject.toString(),
                "2 × " + this.waiters,
                Spread.of(rounds, HandoverPass::perSecond).text("%,.0f"),
                Spread.of(rounds, HandoverPass::utilisation).text("%.2f"),
                Spread.of(rounds, HandoverPass::meanHoldMillis).medianText("%.2f"),
                Spread.of(rounds, (pass) -> pass.handoverMicros(50)).medianText("%,.0f"),
                Spread.of(rounds, (pass) -> pass.handoverMicros(99)).medianText("%,.0f"),
                Spread.of(rounds, HandoverPass::scriptsPerGrant).medianText("%.2f"),
                Spread.of(rounds, HandoverPass::commandsPerGrant).medianText("%.2f"),
                Spread.of(rounds, (pass) -> pass.waitMillis(50)).medianText("%,.0f"),
                Spread.of(rounds, (pass) -> pass.waitMillis(99)).medianText("%,.0f"),
                Spread.of(rounds, HandoverPass::longestWaitMillis).mostText("%,.0f"),
                Spread.of(rounds, (pass) -> pass.overtaken(50)).medianText("%,.0f"),
                Spread.of(rounds, (pass) -> pass.overtaken(99)).medianText("%,.0f"),
                Integer.toString(rounds.stream()
                        .mapToInt((pass) -> pass.history().mostAtOnce())
                        .max()
                        .orElseThrow()),
                Integer.toString(rounds.stream()
                        .mapToInt((pass) -> pass.history().mistakes().size())
                        .sum())));
    }
}
