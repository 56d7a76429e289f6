package io.ratelimit.benchmarks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/**
 * What to run, and how: {@code rate,pair threads=1,64 subjects=ours,bare rounds=3 warmup=9s pass=5s settle=500ms
 * markdown=docs/benchmarks.md}.
 *
 * @param workloads what is done; all by default
 * @param subjects who does it; all by default
 * @param threads on how many threads; empty (the default): as the workload says
 * @param rounds how often each subject has its turn; 3 by default
 * @param warmup how long each subject warms up for each workload; 9 seconds by default
 * @param pass how long one turn is; 5 seconds by default
 * @param settle how long the threads of a turn run before it counts; half a second by default
 * @param markdown a file to write the results into; by default none
 */
record Options(
        List<Workload> workloads,
        List<Subject> subjects,
        List<Integer> threads,
        int rounds,
        Duration warmup,
        Duration pass,
        Duration settle,
        Optional<Path> markdown) {

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException for what it does not understand
     */
    static Options parse(String... arguments) {
        Map<String, String> values = new HashMap<>();
        for (String argument : arguments) {
            String[] parts = argument.contains("=") ? argument.split("=", 2) : new String[] {"workloads", argument};
            values.merge(parts[0], parts[1], (one, other) -> one + ',' + other);
        }
        Options options = new Options(
                list(values.remove("workloads"), (name) -> named(name, Workload.values()))
                        .orElse(List.of(Workload.values())),
                list(values.remove("subjects"), (name) -> named(name, Subject.values()))
                        .orElse(List.of(Subject.values())),
                list(values.remove("threads"), Integer::valueOf).orElse(List.of()),
                Integer.parseInt(values.getOrDefault("rounds", "3")),
                DurationStyle.detectAndParse(values.getOrDefault("warmup", "9s")),
                DurationStyle.detectAndParse(values.getOrDefault("pass", "5s")),
                DurationStyle.detectAndParse(values.getOrDefault("settle", "500ms")),
                Optional.ofNullable(values.get("markdown")).map(Path::of));
        values.keySet().removeAll(List.of("rounds", "warmup", "pass", "settle", "markdown"));
        if (!values.isEmpty()) {
            throw new IllegalArgumentException("Unknown options: " + values.keySet());
        }
        return options;
    }

    /** On how many threads a workload runs. */
    List<Integer> threads(Workload workload) {
        return this.threads.isEmpty() ? workload.threads() : this.threads;
    }

    /** Who does a workload, in the order of the turns. */
    List<Subject> subjects(Workload workload) {
        return this.subjects.stream()
                .filter((subject) -> subject.canDo(workload))
                .toList();
    }

    private static <T> Optional<List<T>> list(@Nullable String value, Function<String, T> parser) {
        return Optional.ofNullable(value)
                .map((names) -> Stream.of(names.split(",")).map(parser).toList());
    }

    private static <T> T named(String name, T[] known) {
        return Stream.of(known)
                .filter((one) -> one.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'%s' is none of %s".formatted(name, List.of(known))));
    }
}
