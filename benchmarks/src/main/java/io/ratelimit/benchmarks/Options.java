package io.ratelimit.benchmarks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/**
 * What to run, and how: {@code rate,handover threads=1,64 subjects=ours,bare rounds=3 warmup=25s pass=5s settle=500ms
 * markdown=docs/benchmarks.md}.
 *
 * @param workloads names of what is done; all by default
 * @param subjects names of those who do it; all by default
 * @param threads on how many threads; empty (the default): as the workload says
 * @param rounds how often each subject has its turn; 3 by default
 * @param warmup how long each subject warms up for each workload; 25 seconds by default: on two cores the JIT compiler takes that long
 * @param pass how long one turn is; 5 seconds by default
 * @param settle how long the threads of a turn run before it counts; half a second by default
 * @param markdown a file to write the results into; by default none
 */
record Options(
        Set<String> workloads,
        Set<String> subjects,
        List<Integer> threads,
        int rounds,
        Duration warmup,
        Duration pass,
        Duration settle,
        Optional<Path> markdown) {

    private static final Set<String> WORKLOADS = names(List.of(Workload.values()), List.of(HandoverContest.NAME));

    private static final Set<String> SUBJECTS = names(List.of(Subject.values()), List.of(SlotsSubject.values()));

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
                some(values.remove("workloads"), WORKLOADS),
                some(values.remove("subjects"), SUBJECTS),
                Optional.ofNullable(values.remove("threads"))
                        .map((counts) -> Stream.of(counts.split(","))
                                .map(Integer::valueOf)
                                .toList())
                        .orElse(List.of()),
                Integer.parseInt(take(values, "rounds", "3")),
                DurationStyle.detectAndParse(take(values, "warmup", "25s")),
                DurationStyle.detectAndParse(take(values, "pass", "5s")),
                DurationStyle.detectAndParse(take(values, "settle", "500ms")),
                Optional.ofNullable(values.remove("markdown")).map(Path::of));
        if (!values.isEmpty()) {
            throw new IllegalArgumentException("Unknown options: " + values.keySet());
        }
        return options;
    }

    /** The workloads that are loads of calls, and that somebody does. */
    List<Workload> loads() {
        return Stream.of(Workload.values())
                .filter((workload) -> this.workloads.contains(workload.toString()))
                .filter((workload) -> !subjects(workload).isEmpty())
                .toList();
    }

    /** Whether somebody hands slots over. */
    boolean handover() {
        return this.workloads.contains(HandoverContest.NAME) && !slotsSubjects().isEmpty();
    }

    /** On how many threads a workload runs. */
    List<Integer> threads(Workload workload) {
        return this.threads.isEmpty() ? workload.threads() : this.threads;
    }

    /** Who does a workload, in the order of the turns. */
    List<Subject> subjects(Workload workload) {
        return Stream.of(Subject.values())
                .filter((subject) -> subject.canDo(workload) && this.subjects.contains(subject.toString()))
                .toList();
    }

    /** Who hands slots over, in the order of the turns. */
    List<SlotsSubject> slotsSubjects() {
        return Stream.of(SlotsSubject.values())
                .filter((subject) -> this.subjects.contains(subject.toString()))
                .toList();
    }

    private static String take(Map<String, String> values, String name, String other) {
        return Objects.requireNonNullElse(values.remove(name), other);
    }

    private static Set<String> some(@Nullable String names, Set<String> known) {
        if (names == null) {
            return known;
        }
        Set<String> some = new LinkedHashSet<>(List.of(names.split(",")));
        some.stream().filter((name) -> !known.contains(name)).findFirst().ifPresent((name) -> {
            throw new IllegalArgumentException("'%s' is none of %s".formatted(name, known));
        });
        return some;
    }

    private static Set<String> names(List<?> some, List<?> others) {
        return Stream.concat(some.stream(), others.stream())
                .map(Object::toString)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }
}
