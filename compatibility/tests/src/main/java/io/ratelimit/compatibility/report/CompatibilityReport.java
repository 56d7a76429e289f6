package io.ratelimit.compatibility.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes a table of lines of Spring Boot and test groups, and fails unless all groups of all lines have run and passed, and an
 * application of each line resolves the versions of its own line.
 */
public final class CompatibilityReport {

    private static final String GROUP = "Tests";

    private static final int FIRST_WITH_VIRTUAL_THREADS = 21;

    /** The one group that has nothing to test on older Java. */
    private static final String VIRTUAL_THREADS = "VirtualThread";

    private final List<String> groups;

    private final List<LineResults> lines;

    private final List<ResolvedVersions> applications;

    private final List<String> problems = new ArrayList<>();

    private CompatibilityReport(List<String> groups, List<LineResults> lines, List<ResolvedVersions> applications) {
        this.groups = groups;
        this.lines = lines;
        this.applications = applications;
    }

    /**
     * Writes the report.
     *
     * @param arguments the directory of the modules, and the file to write
     */
    public static void main(String... arguments) throws Exception {
        Path modules = Path.of(arguments[0]).toRealPath();
        CompatibilityReport report =
                new CompatibilityReport(groups(modules), LineResults.in(modules), ResolvedVersions.in(modules));
        String text = report.text();
        Path file = Path.of(arguments[1]);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        System.out.println(text);
        if (!report.problems.isEmpty()) {
            throw new IllegalStateException(String.join("; ", report.problems));
        }
    }

    /** Names the groups by the classes that there are, so that none is left out because it never ran. */
    private static List<String> groups(Path modules) throws IOException {
        Path classes = modules.resolve("tests/src/main/java/io/ratelimit/compatibility");
        try (Stream<Path> files = Files.list(classes)) {
            return files.filter((file) -> file.toString().endsWith(GROUP + ".java"))
                    .filter(CompatibilityReport::isConcrete)
                    .map((file) -> file.getFileName().toString().replace(GROUP + ".java", ""))
                    .sorted()
                    .toList();
        }
    }

    private static boolean isConcrete(Path source) {
        try {
            return !Files.readString(source).contains("abstract class");
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private String text() {
        StringBuilder text = new StringBuilder("\nTests passed, by Spring Boot, Java and group\n\n");
        text.append("| Spring Boot | Java | ")
                .append(String.join(" | ", this.groups))
                .append(" |\n");
        text.append("|---|---|").append("---|".repeat(this.groups.size())).append('\n');
        for (LineResults line : this.lines) {
            text.append("| %s | %s | ".formatted(line.springBoot(), line.java()))
                    .append(this.groups.stream()
                            .map((group) -> cell(line, group))
                            .collect(Collectors.joining(" | ")))
                    .append(" |\n");
        }
        requireAllRuns();
        text.append('\n').append(newestJava()).append('\n');
        for (ResolvedVersions application : this.applications) {
            text.append(application.text()).append('\n');
            this.problems.addAll(application.problems());
        }
        if (this.applications.isEmpty()) {
            this.problems.add("No application has listed what it resolves");
        }
        this.problems.forEach(
                (problem) -> text.append("PROBLEM: ").append(problem).append('\n'));
        return text.toString();
    }

    private String cell(LineResults line, String group) {
        GroupResult result = line.groups().get(group);
        boolean notOnThisJava = group.equals(VIRTUAL_THREADS) && line.javaFeature() < FIRST_WITH_VIRTUAL_THREADS;
        if (notOnThisJava) {
            return "needs 21";
        }
        if (result == null || result.passed() == 0 || !result.isClean()) {
            String said = (result == null) ? "NOT RUN" : result.toString();
            this.problems.add("%s on Java %s, %s: %s".formatted(line.springBoot(), line.java(), group, said));
            return said;
        }
        return String.valueOf(result.passed());
    }

    /** Each line has to be there twice, on the Java of the build and on the newest one. */
    private void requireAllRuns() {
        this.lines.stream()
                .collect(Collectors.groupingBy(LineResults::springBoot))
                .forEach((springBoot, runs) -> {
                    if (runs.size() != 2) {
                        this.problems.add(
                                "Spring Boot %s has run %d times, not twice".formatted(springBoot, runs.size()));
                    }
                });
        long lines = this.lines.stream().map(LineResults::springBoot).distinct().count();
        if (lines != 3) {
            this.problems.add("%d lines of Spring Boot have run, not 3".formatted(lines));
        }
    }

    private String newestJava() {
        List<String> tested = this.lines.stream()
                .filter((line) -> line.groups()
                                .getOrDefault(VIRTUAL_THREADS, GroupResult.NONE)
                                .passed()
                        > 0)
                .map((line) -> "Spring Boot %s on Java %s".formatted(line.springBoot(), line.java()))
                .toList();
        if (!tested.isEmpty()) {
            return "Virtual threads: tested with %s.".formatted(String.join(", ", tested));
        }
        int newest =
                this.lines.stream().mapToInt(LineResults::javaFeature).max().orElse(0);
        return "Virtual threads: NOT TESTED, the newest JDK that was found is %d, and they need %d."
                .formatted(newest, FIRST_WITH_VIRTUAL_THREADS);
    }
}
