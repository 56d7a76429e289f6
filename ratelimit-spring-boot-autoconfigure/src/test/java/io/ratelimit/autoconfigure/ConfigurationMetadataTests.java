package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.ratelimit.aop.LimitAnnotationBeanPostProcessor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.util.StreamUtils;

/** What an IDE shows while somebody writes application.yml. */
class ConfigurationMetadataTests {

    private static final String FILE = "META-INF/spring-configuration-metadata.json";

    private final Map<String, Map<String, Object>> properties = new LinkedHashMap<>();

    private List<Map<String, Object>> hints;

    @BeforeEach
    @SuppressWarnings("unchecked")
    void read() throws IOException {
        Map<String, Object> metadata = Map.of();
        var files = getClass().getClassLoader().getResources(FILE);
        while (files.hasMoreElements()) {
            String json = StreamUtils.copyToString(files.nextElement().openStream(), StandardCharsets.UTF_8);
            if (json.contains("\"ratelimit\"")) {
                metadata = JsonParserFactory.getJsonParser().parseMap(json);
            }
        }
        assertThat(metadata).as("%s of this project", FILE).isNotEmpty();
        for (Object property : (List<Object>) metadata.get("properties")) {
            Map<String, Object> map = (Map<String, Object>) property;
            if (String.valueOf(map.get("name")).startsWith("ratelimit.")) {
                this.properties.put(String.valueOf(map.get("name")), map);
            }
        }
        this.hints = (List<Map<String, Object>>) metadata.get("hints");
    }

    @Test
    void everyPropertyHasADescriptionThatIsASentence() {
        assertThat(this.properties.values())
                .isNotEmpty()
                .allSatisfy((property) -> assertThat(String.valueOf(property.get("description")))
                        .as("%s", property.get("name"))
                        .matches("[A-Z].{20,}\\.")
                        .doesNotContain("{@"));
    }

    @Test
    void defaultsAreShown() {
        Map<String, Object> defaults = new LinkedHashMap<>();
        this.properties.forEach((name, property) -> defaults.put(name, property.get("defaultValue")));

        assertThat(defaults)
                .containsOnly(
                        entry("ratelimit.aspect-order", LimitAnnotationBeanPostProcessor.DEFAULT_ORDER),
                        entry("ratelimit.backend", null),
                        entry("ratelimit.command-timeout", "500ms"),
                        entry("ratelimit.dashboard.enabled", false),
                        entry("ratelimit.defaults.max-queue", 1000),
                        entry("ratelimit.defaults.max-wait", null),
                        entry("ratelimit.defaults.policy", "reject"),
                        entry("ratelimit.enabled", true),
                        entry("ratelimit.key-prefix", "ratelimit:${spring.application.name:}:"),
                        entry("ratelimit.lease", "10s"),
                        entry("ratelimit.on-backend-failure", "local"),
                        entry("ratelimit.plan-cache", "10s"),
                        entry("ratelimit.pools", null),
                        entry("ratelimit.resources", null),
                        entry("ratelimit.web.headers", "ietf"),
                        entry("ratelimit.web.ipv6-prefix-length", 64),
                        entry("management.health.limits.enabled", false));
    }

    @Test
    @SuppressWarnings("unchecked")
    void hintsExplainValuesOfPropertiesThatExist() {
        assertThat(this.hints).hasSize(4).allSatisfy((hint) -> {
            assertThat(this.properties).containsKey(String.valueOf(hint.get("name")));
            Class<?> type = Class.forName(
                    String.valueOf(this.properties.get(hint.get("name")).get("type")));
            for (Map<String, Object> value : (List<Map<String, Object>>) hint.get("values")) {
                assertThat(type.getEnumConstants())
                        .extracting((constant) -> constant.toString().toLowerCase(Locale.ROOT))
                        .contains(String.valueOf(value.get("value")));
                assertThat(String.valueOf(value.get("description"))).endsWith(".");
            }
        });
    }
}
