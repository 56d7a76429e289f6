package io.ratelimit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture.LayerDependencySpecification;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Holds the package table of the design: who may import whom, no cycles, and null-marked packages. */
class ArchitectureTests {

    private static final String ROOT = "io.ratelimit";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private static final Map<String, Set<String>> MAY_IMPORT = Map.ofEntries(
            entry(ROOT, Set.of()),
            entry("io.ratelimit.annotation", Set.of(ROOT)),
            entry("io.ratelimit.backend", Set.of(ROOT)),
            entry("io.ratelimit.memory", Set.of("io.ratelimit.backend", ROOT)),
            entry("io.ratelimit.redis", Set.of("io.ratelimit.backend", ROOT)),
            entry("io.ratelimit.engine", Set.of("io.ratelimit.backend", ROOT)),
            entry("io.ratelimit.aop", Set.of("io.ratelimit.annotation", ROOT)),
            entry("io.ratelimit.web", Set.of("io.ratelimit.aop", ROOT)),
            entry("io.ratelimit.web.servlet", Set.of("io.ratelimit.web", "io.ratelimit.aop", ROOT)),
            entry("io.ratelimit.web.reactive", Set.of("io.ratelimit.web", "io.ratelimit.aop", ROOT)),
            entry("io.ratelimit.metrics", Set.of(ROOT)),
            entry("io.ratelimit.actuate", Set.of(ROOT)));

    /** The roof: it may import everything, and nobody imports it. */
    private static final String[] AUTO_CONFIGURATION = {
        "io.ratelimit.autoconfigure",
        "io.ratelimit.autoconfigure.web",
        "io.ratelimit.autoconfigure.metrics",
        "io.ratelimit.autoconfigure.actuate"
    };

    private static final Pattern PUBLIC_TYPE =
            Pattern.compile("(?m)^public .*?\\b(class|interface|record|enum) (?<name>\\w+)");

    @Test
    void packagesImportOnlyWhatTheTableAllows() {
        LayeredArchitecture table = layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .ensureAllClassesAreContainedInArchitecture()
                .layer("autoconfigure")
                .definedBy(AUTO_CONFIGURATION);
        for (String name : MAY_IMPORT.keySet()) {
            table = table.layer(name).definedBy(name);
        }
        for (var row : MAY_IMPORT.entrySet()) {
            LayerDependencySpecification layer = table.whereLayer(row.getKey());
            table = row.getValue().isEmpty()
                    ? layer.mayNotAccessAnyLayer()
                    : layer.mayOnlyAccessLayers(row.getValue().toArray(String[]::new));
        }
        table.check(CLASSES);
    }

    /**
     * Clocks of machines differ, and jump: time is the backend's, and the monotonic one in between. The backend of one JVM begins its own
     * time with a look at the wall clock.
     */
    @Test
    void noClassReadsTheWallClock() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("io.ratelimit.memory.MemoryBackend")
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .callMethod(LocalDateTime.class, "now")
                .orShould()
                .callMethod(ZonedDateTime.class, "now")
                .orShould()
                .callMethod(OffsetDateTime.class, "now")
                .orShould()
                .callConstructor(Date.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Clock.class)
                .check(CLASSES);
    }

    @Test
    void packagesFormNoCyclesParentAndChildIncluded() {
        slices().assignedFrom(new EachPackageForItself())
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(CLASSES)
                .extracting(JavaClass::getPackage)
                .isNotEmpty()
                .allSatisfy(javaPackage -> assertThat(javaPackage.isAnnotatedWith(NullMarked.class))
                        .as("%s has a @NullMarked package-info", javaPackage.getName())
                        .isTrue());
    }

    /** Of nested types, the outermost one speaks. */
    @Test
    void everyPublicTypeSaysSinceWhenItExists() throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            sources = files.filter((file) -> file.toString().endsWith(".java")).toList();
        }
        List<String> publicTypes = new ArrayList<>();
        for (Path source : sources) {
            String text = Files.readString(source);
            Matcher type = PUBLIC_TYPE.matcher(text);
            if (type.find()) {
                publicTypes.add(type.group("name"));
                assertThat(text.substring(0, type.start()))
                        .as("Javadoc of %s", source)
                        .containsPattern("\\* @since \\d+\\.\\d+\\.\\d+\\n \\*/\\n");
            }
        }
        assertThat(publicTypes)
                .containsExactlyInAnyOrderElementsOf(CLASSES.stream()
                        .filter((type) ->
                                type.isTopLevelClass() && type.getModifiers().contains(JavaModifier.PUBLIC))
                        .map(JavaClass::getSimpleName)
                        .toList());
    }

    private static final class EachPackageForItself implements SliceAssignment {

        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
            return SliceIdentifier.of(javaClass.getPackageName());
        }

        @Override
        public String getDescription() {
            return "each package for itself";
        }
    }
}
