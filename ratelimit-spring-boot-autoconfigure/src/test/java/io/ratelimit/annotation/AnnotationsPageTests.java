package io.ratelimit.annotation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code docs/annotations.md} names every attribute there is, and none that there is not. */
class AnnotationsPageTests {

    private static final Path PAGE = Path.of("..", "docs", "annotations.md");

    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(\\w+)` \\| (both|rate|concurrency) \\| \\S.*\\|$");

    @Test
    void thePageAgreesWithTheAnnotations() throws IOException {
        Map<String, String> documented = ROW.matcher(Files.readString(PAGE))
                .results()
                .collect(Collectors.toMap((row) -> row.group(1), (row) -> row.group(2), String::concat, TreeMap::new));
        Map<String, String> declared = new TreeMap<>();
        collect(RateLimited.class, "rate", declared);
        collect(ConcurrencyLimited.class, "concurrency", declared);

        assertThat(documented).isEqualTo(declared);
    }

    private static void collect(Class<? extends Annotation> annotation, String on, Map<String, String> into) {
        Arrays.stream(annotation.getDeclaredMethods())
                .map(Method::getName)
                .forEach((name) -> into.merge(name, on, (one, other) -> "both"));
    }
}
