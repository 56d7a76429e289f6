package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.support.PropertiesLoaderUtils;
import org.springframework.util.ClassUtils;

/** Classes that are named by a text are classes. */
class AutoConfigurationNamesTests {

    private static final String IMPORTS =
            "META-INF/spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports";

    /** Names of Spring Boot 3.5 that went with 4.0. */
    private static final Set<String> GONE = Set.of(
            "org.springframework.boot.autoconfigure.data.redis.RedisAutoConfiguration",
            "org.springframework.boot.actuate.autoconfigure.metrics.CompositeMeterRegistryAutoConfiguration",
            "org.springframework.boot.actuate.autoconfigure.observation.ObservationAutoConfiguration");

    static List<String> imports() throws IOException {
        ClassLoader loader = AutoConfigurationNamesTests.class.getClassLoader();
        var files = loader.getResources(IMPORTS);
        Stream<String> names = Stream.empty();
        while (files.hasMoreElements()) {
            String text = new String(files.nextElement().openStream().readAllBytes(), StandardCharsets.UTF_8);
            names = Stream.concat(names, text.lines());
        }
        return names.filter((name) -> name.startsWith("io.ratelimit.")).toList();
    }

    static Stream<Class<?>> autoConfigurations() throws IOException {
        return imports().stream().map((name) -> ClassUtils.resolveClassName(name, null));
    }

    static List<String> failureAnalyzers() throws IOException {
        String names = PropertiesLoaderUtils.loadProperties(new ClassPathResource(
                        "META-INF/spring.factories", RateLimitAutoConfiguration.class.getClassLoader()))
                .getProperty(FailureAnalyzer.class.getName());
        return List.of(names.split(","));
    }

    @ParameterizedTest
    @MethodSource("imports")
    void importedAutoConfigurationsExist(String name) {
        assertThat(ClassUtils.isPresent(name, null)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("autoConfigurations")
    void orderingNamesClassesOfThisSpringBootOrOnesKnownToBeOlder(Class<?> autoConfiguration) {
        AutoConfiguration annotation = autoConfiguration.getAnnotation(AutoConfiguration.class);

        assertThat(annotation).isNotNull();
        assertThat(Stream.of(annotation.afterName(), annotation.beforeName()).flatMap(Arrays::stream))
                .allSatisfy((name) -> assertThat(ClassUtils.isPresent(name, null))
                        .as("%s exists", name)
                        .isNotEqualTo(GONE.contains(name)));
    }

    @ParameterizedTest
    @MethodSource("autoConfigurations")
    void conditionsNameClassesThatExist(Class<?> autoConfiguration) {
        ConditionalOnClass condition = autoConfiguration.getAnnotation(ConditionalOnClass.class);
        String[] names = condition == null ? new String[0] : condition.name();

        assertThat(names).allMatch((name) -> ClassUtils.isPresent(name, null));
    }

    @ParameterizedTest
    @MethodSource("failureAnalyzers")
    void failureAnalyzersExist(String name) {
        assertThat(ClassUtils.resolveClassName(name, null)).isAssignableTo(FailureAnalyzer.class);
    }

    @ParameterizedTest
    @MethodSource("required")
    void classesThatTheRedisBackendNeedsExist(String name) {
        assertThat(ClassUtils.isPresent(name, null)).isTrue();
    }

    static List<String> required() {
        return BackendChoice.requiredClasses();
    }
}
