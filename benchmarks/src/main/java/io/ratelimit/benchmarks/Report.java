package io.ratelimit.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** All results, as Markdown. */
final class Report {

    private final List<String> sections = new ArrayList<>();

    Report(String introduction) {
        this.sections.add(introduction + "\n");
    }

    void add(Workload workload, List<ContestResult> results) {
        Table table = ContestResult.newTable();
        results.forEach((result) -> result.addTo(table));
        add("`%s`: %s".formatted(workload, workload.description()), table);
    }

    void add(List<HandoverResult> results) {
        Table table = HandoverResult.newTable();
        results.forEach((result) -> result.addTo(table));
        add(
                "`%s`: %d slots, held 2 ms each, a crowd of waiters in 2 JVMs"
                        .formatted(HandoverContest.NAME, Slots.COUNT),
                table);
    }

    private void add(String title, Table table) {
        this.sections.add("### %s\n\n%s".formatted(title, table));
    }

    @Override
    public String toString() {
        return String.join("\n", this.sections);
    }
}
