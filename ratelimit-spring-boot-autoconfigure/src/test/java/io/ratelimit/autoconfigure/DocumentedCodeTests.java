package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

/** The Java of the README and of the pages compiles, and an application starts with their {@code application.yml}. */
class DocumentedCodeTests {

    private static final Path HOME = Path.of("..");

    /** What others' libraries need is not on the class path. */
    private static final String PAGE_ABOUT_OTHERS = "migration.md";

    /** What the code of the pages takes for granted. */
    private static final String AROUND = """
            import io.ratelimit.*;
            import io.ratelimit.annotation.*;
            import java.lang.annotation.*;
            import java.time.Duration;
            import org.springframework.web.bind.annotation.*;
            import reactor.core.publisher.Mono;

            class Example {
                interface Report {}
                interface Answer { long totalTokens(); }
                Limiter limiter;
                void export() {}
                Answer ask() { return null; }
                Mono<Report> store(long fencingToken) { return null; }
                class Code {
                    %s
                }
            }
            """;

    @TempDir
    private Path classes;

    record Block(Path page, String text) {

        @Override
        public String toString() {
            return this.page.getFileName() + ": "
                    + this.text.lines().findFirst().orElse("");
        }
    }

    static List<Block> java() throws IOException {
        return blocks("java").stream()
                .filter((block) -> !block.page().endsWith(PAGE_ABOUT_OTHERS))
                .toList();
    }

    static List<Block> yaml() throws IOException {
        return blocks("yaml").stream()
                .filter((block) -> block.text().startsWith("ratelimit:"))
                .toList();
    }

    private static List<Block> blocks(String language) throws IOException {
        Pattern block = Pattern.compile("(?ms)^```" + language + "\\n(?<text>.*?)^```$");
        List<Path> pages = new ArrayList<>(List.of(HOME.resolve("README.md")));
        try (Stream<Path> docs = Files.list(HOME.resolve("docs"))) {
            docs.filter((page) -> page.toString().endsWith(".md")).forEach(pages::add);
        }
        List<Block> blocks = new ArrayList<>();
        for (Path page : pages) {
            Matcher matcher = block.matcher(Files.readString(page));
            while (matcher.find()) {
                blocks.add(new Block(page, matcher.group("text")));
            }
        }
        return blocks;
    }

    @Test
    void theReadmeShowsBoth() throws IOException {
        assertThat(List.of(java(), yaml()))
                .allSatisfy((blocks) -> assertThat(blocks)
                        .extracting((block) -> block.page().getFileName().toString())
                        .contains("README.md"));
    }

    @ParameterizedTest
    @MethodSource("java")
    void javaCompiles(Block block) throws IOException {
        assertThat(errors(AROUND.formatted(members(block.text().replace("{ … }", "{ return null; }")))))
                .isEmpty();
    }

    /** Completes what is no member of a class. */
    private static String members(String code) {
        if (!code.startsWith("@")) {
            return "void example() {" + code + "}";
        }
        boolean annotationsOnly = code.lines().allMatch((line) -> line.startsWith("@"));
        return annotationsOnly ? code + "\nvoid example() {}" : code;
    }

    private List<String> errors(String source) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE) {

                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        List<String> options = List.of("-proc:none", "-d", this.classes.toString());
        compiler.getTask(null, null, found, options, null, List.of(file)).call();
        return found.getDiagnostics().stream()
                .filter((diagnostic) -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .map(Object::toString)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("yaml")
    void applicationsStartWithTheYaml(Block block) throws IOException {
        List<PropertySource<?>> properties = new YamlPropertySourceLoader()
                .load("block", new ByteArrayResource(block.text().getBytes(StandardCharsets.UTF_8)));
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(RateLimitAutoConfiguration.class))
                .withInitializer(
                        (context) -> properties.forEach(context.getEnvironment().getPropertySources()::addLast))
                .withPropertyValues("ratelimit.backend=memory") // what is said of Redis is bound all the same
                .run((context) -> assertThat(context).hasNotFailed());
    }
}
