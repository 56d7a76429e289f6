package io.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * The page of guarantees names a test for each promise, and those tests exist.
 */
class GuaranteesPageTests {

    private static final Path PAGE = Path.of("..", "docs", "guarantees.md");

    private static final Path SOURCES = Path.of("src", "test", "java");

    private static final Pattern NAME = Pattern.compile("`([A-Z]\\w+(?:Tests|Contract))(?:\\.(\\w+))?`");

    @Test
    void namesATestForEachPromise() throws IOException {
        List<String> promises = promises();
        assertThat(promises).hasSizeGreaterThanOrEqualTo(11);
        assertThat(promises)
                .allMatch((row) ->
                        NAME.matcher(row.substring(row.lastIndexOf(" | "))).find());
    }

    @Test
    void namesTestsThatExist() throws Exception {
        Matcher name = NAME.matcher(Files.readString(PAGE));
        while (name.find()) {
            Class<?> named = Class.forName(className(name.group(1)));
            if (name.group(2) != null) {
                assertThat(tests(named)).as("tests of %s", name.group(1)).contains(name.group(2));
            }
        }
    }

    /** The rows of the first table, without its head. */
    private static List<String> promises() throws IOException {
        List<String> rows = new ArrayList<>();
        for (String line : Files.readAllLines(PAGE)) {
            if (line.startsWith("|")) {
                rows.add(line);
            } else if (!rows.isEmpty()) {
                break;
            }
        }
        return rows.subList(2, rows.size());
    }

    private static String className(String simpleName) {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            return files.filter((file) -> file.getFileName().toString().equals(simpleName + ".java"))
                    .map((file) -> SOURCES.relativize(file)
                            .toString()
                            .replace(".java", "")
                            .replace('/', '.'))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("There is no test class " + simpleName));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static List<String> tests(Class<?> type) {
        List<String> names = new ArrayList<>();
        for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
            Stream.concat(Stream.of(owner), Arrays.stream(owner.getDeclaredClasses()))
                    .flatMap((one) -> Arrays.stream(one.getDeclaredMethods()))
                    .filter((method) -> method.isAnnotationPresent(Test.class)
                            || method.isAnnotationPresent(ParameterizedTest.class)
                            || method.isAnnotationPresent(RepeatedTest.class))
                    .forEach((method) -> names.add(method.getName()));
        }
        return names;
    }
}
