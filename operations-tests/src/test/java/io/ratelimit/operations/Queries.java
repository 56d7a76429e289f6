package io.ratelimit.operations;

import com.jayway.jsonpath.JsonPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The queries that stand in {@code docs/}.
 */
final class Queries {

    private static final String DASHBOARD = "docs/grafana-dashboard.json";

    private static final Pattern LABEL_VALUES = Pattern.compile("label_values\\((.*), \\w+\\)");

    private Queries() {}

    /** Returns the queries of all panels, with what Grafana writes in place of its variables. */
    static List<String> ofThePanels() {
        return read("$.panels[*].targets[*].expr");
    }

    /** Returns what the variables of the dashboard take their values from. */
    static List<String> ofTheVariables() {
        return Queries.<String>read("$.templating.list[?(@.type == 'query')].query.query").stream()
                .map((query) -> LABEL_VALUES.matcher(query).replaceFirst("$1"))
                .toList();
    }

    private static <T> List<T> read(String jsonPath) {
        try {
            String json = Files.readString(Program.ofTheProject(DASHBOARD).toPath())
                    .replace("$__rate_interval", "30s")
                    .replace("$job", ".*")
                    .replace("$resource", ".*");
            return JsonPath.read(json, jsonPath);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Returns the conditions of the alerts by name, from the rules that a Prometheus has loaded. */
    static Stream<Map.Entry<String, String>> ofTheAlerts(Web prometheus) {
        List<Map<String, Object>> rules = JsonPath.read(prometheus.get("/api/v1/rules"), "$.data.groups[*].rules[*]");
        return rules.stream()
                .map((rule) -> Map.entry(String.valueOf(rule.get("name")), String.valueOf(rule.get("query"))));
    }

    /** Makes a comparison one that answers with 0 or 1 where it would answer with nothing if all is well. */
    static String answered(String condition) {
        return condition.replaceAll(" (>=|<=|>|<) ", " $1 bool ");
    }
}
