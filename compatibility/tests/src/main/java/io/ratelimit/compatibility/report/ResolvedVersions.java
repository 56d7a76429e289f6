package io.ratelimit.compatibility.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What an application with only the starter resolves, beside one that has what the starter needs and not the starter.
 *
 * @param name the name of the application
 * @param with the artifacts with the starter, as {@code group:artifact:version}
 * @param without the artifacts without it
 */
record ResolvedVersions(String name, Set<String> with, Set<String> without) {

    private static final String OURS = "io.ratelimit:";

    /** Annotations alone: Spring Boot 3.5 has no version for them, newer lines have. */
    private static final String ANNOTATIONS = "org.jspecify:jspecify:";

    /** Reads the lists below a directory. */
    static List<ResolvedVersions> in(Path modules) throws IOException {
        try (Stream<Path> directories = Files.list(modules)) {
            List<Path> applications = directories
                    .filter((path) -> path.getFileName().toString().matches("application\\d+"))
                    .sorted()
                    .toList();
            return applications.stream()
                    .map((path) -> new ResolvedVersions(
                            path.getFileName().toString(),
                            read(path),
                            read(path.resolveSibling(path.getFileName() + "-without"))))
                    .toList();
        }
    }

    private static Set<String> read(Path module) {
        try (Stream<String> lines = Files.lines(module.resolve("target/resolved.txt"))) {
            return lines.map(String::strip)
                    .map((line) -> line.split("[ :]"))
                    .filter((parts) -> parts.length >= 5)
                    .map((parts) -> parts[0] + ":" + parts[1] + ":" + parts[3])
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Returns what is not of the line. */
    List<String> problems() {
        if (this.with.stream().noneMatch((artifact) -> artifact.startsWith(OURS)) || this.without.isEmpty()) {
            return List.of(this.name + " has not resolved the starter");
        }
        return foreign()
                .map((artifact) -> "%s resolves %s, which is not of its line".formatted(this.name, artifact))
                .toList();
    }

    String text() {
        return "%s: %d artifacts beside ours, %d of them not of its line"
                .formatted(
                        this.name,
                        this.with.stream()
                                .filter((artifact) -> !artifact.startsWith(OURS))
                                .count(),
                        foreign().count());
    }

    private Stream<String> foreign() {
        boolean annotationsAreManaged = this.without.stream().anyMatch((artifact) -> artifact.startsWith(ANNOTATIONS));
        return this.with.stream()
                .filter((artifact) -> !artifact.startsWith(OURS))
                .filter((artifact) -> !this.without.contains(artifact))
                .filter((artifact) -> annotationsAreManaged || !artifact.startsWith(ANNOTATIONS));
    }
}
