package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.json.JsonParserFactory;

/** {@code docs/configuration.md} names every property there is, with its default, and none that there is not. */
class ConfigurationPageTests {

    private static final Path PAGE = Path.of("..", "docs", "configuration.md");

    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\| (?:`([^`]+)`|–) \\| \\S.*\\|$");

    private static final String NONE = "–";

    private static Map<String, String> documented() throws IOException {
        return ROW.matcher(Files.readString(PAGE))
                .results()
                .collect(Collectors.toMap(
                        (row) -> row.group(1),
                        (row) -> row.group(2) == null ? NONE : row.group(2),
                        (one, other) -> one + " and " + other,
                        TreeMap::new));
    }

    @Test
    void thePageAgreesWithWhatIsBound() throws IOException {
        Map<String, String> bound = new TreeMap<>();
        collect(RateLimitProperties.PREFIX, RateLimitProperties.class, bound);

        Map<String, String> documented = new TreeMap<>(documented());
        documented.keySet().removeIf((name) -> name.startsWith("management."));

        assertThat(documented).isEqualTo(bound);
    }

    @Test
    void thePageAgreesWithTheMetadata() throws IOException {
        Map<String, String> metadata = metadata();
        Map<String, String> documented = documented();

        assertThat(documented.keySet().stream().map(ConfigurationPageTests::outermost))
                .containsOnlyOnceElementsOf(Set.of("ratelimit.enabled"))
                .isSubsetOf(metadata.keySet());
        assertThat(metadata).allSatisfy((name, defaultValue) -> {
            if (documented.containsKey(name)) {
                assertThat(documented.get(name)).as(name).isEqualTo(defaultValue);
            } else {
                assertThat(documented.keySet()).anyMatch((one) -> one.startsWith(name + ".<"));
            }
        });
    }

    /** Metadata knows a map as one property. */
    private static String outermost(String name) {
        return name.replaceAll("\\.<.*", "");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, String> metadata() throws IOException {
        Map<String, String> defaults = new TreeMap<>();
        var files = ConfigurationPageTests.class
                .getClassLoader()
                .getResources("META-INF/spring-configuration-metadata.json");
        while (files.hasMoreElements()) {
            String json = new String(files.nextElement().openStream().readAllBytes(), StandardCharsets.UTF_8);
            if (json.contains("\"ratelimit\"")) {
                for (Map<String, Object> property : (List<Map<String, Object>>)
                        JsonParserFactory.getJsonParser().parseMap(json).get("properties")) {
                    Object defaultValue = property.get("defaultValue");
                    defaults.put(
                            String.valueOf(property.get("name")),
                            defaultValue == null ? NONE : String.valueOf(defaultValue));
                }
            }
        }
        assertThat(defaults).isNotEmpty();
        return defaults;
    }

    private static void collect(String path, Class<?> type, Map<String, String> into) {
        Set<Type> named = Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getGenericType)
                .flatMap((component) -> valueType(component).stream())
                .collect(Collectors.toSet());
        Constructor<?> constructor = type.getDeclaredConstructors()[0];
        for (int i = 0; i < type.getRecordComponents().length; i++) {
            RecordComponent component = type.getRecordComponents()[i];
            String name = path + "." + DataObjectPropertyName.toDashedForm(component.getName());
            List<Type> valueType = valueType(component.getGenericType());
            if (!valueType.isEmpty()) {
                collectNamed(name + ".<" + singular(component.getName()) + ">", (Class<?>) valueType.get(0), into);
            } else if (component.getType().isRecord() && !named.contains(component.getType())) {
                collect(name, component.getType(), into);
            } else {
                into.put(name, defaultValue(constructor.getParameters()[i]));
            }
        }
    }

    private static void collectNamed(String name, Class<?> type, Map<String, String> into) {
        if (type.isRecord()) {
            collect(name, type, into);
        } else {
            into.put(name, NONE);
        }
    }

    /** Returns the type of the values, of a map. */
    private static List<Type> valueType(Type type) {
        return type instanceof ParameterizedType map && map.getRawType() == Map.class
                ? List.of(map.getActualTypeArguments()[1])
                : List.of();
    }

    /** Returns the name that the page gives to an element of a map. */
    private static String singular(String component) {
        return switch (component) {
            case "rates", "concurrencies" -> "limit";
            case "attributes" -> "attribute";
            case "plans" -> "plan";
            case "weights" -> "resource";
            default -> "name";
        };
    }

    private static String defaultValue(Parameter parameter) {
        DefaultValue declared = parameter.getAnnotation(DefaultValue.class);
        return declared == null || declared.value().length == 0 ? NONE : declared.value()[0];
    }
}
