package io.ratelimit.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.jayway.jsonpath.JsonPath;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every query of {@code docs/} has data in a Prometheus that watches the sample. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class QueriesTests {

    private static final String ALERTS =
            Program.ofTheProject("docs/prometheus-alerts.yml").toString();

    private final Sample sample = Sample.start("scraped-sample");

    private final Web prometheus = new Web(Web.freePort());

    private final Load exports = Load.of(this.sample.web(), 4, "/exports/sales?takes=100ms");

    private final Load queries = Load.of(this.sample.web(), 6, "/sales/north");

    private Program server;

    @BeforeAll
    void watch() throws IOException {
        Path configuration = Program.file("prometheus.yml");
        Files.writeString(configuration, """
                global: {scrape_interval: 1s, evaluation_interval: 1s}
                rule_files: ['%s']
                scrape_configs:
                  - job_name: sample
                    metrics_path: /actuator/prometheus
                    static_configs: [{targets: ['127.0.0.1:%d']}]
                """.formatted(ALERTS, this.sample.web().port()));
        this.server = Program.start(
                "prometheus",
                List.of(
                        "prometheus",
                        "--config.file=" + configuration,
                        "--storage.tsdb.path=" + Files.createTempDirectory(Program.file("."), "tsdb"),
                        "--web.listen-address=127.0.0.1:" + this.prometheus.port()));
        await().atMost(Duration.ofMinutes(2)).until(() -> {
            this.server.checkRunning();
            return this.prometheus.answers("/-/ready");
        });
        await().atMost(Duration.ofMinutes(2))
                .until(() -> values("rate(ratelimit_hold_seconds_count{resource=\"exports\"}[30s]) > 0")
                                .size()
                        == 1);
    }

    @AfterAll
    void stop() {
        this.server.close();
        this.exports.close();
        this.queries.close();
        this.sample.close();
    }

    static Stream<String> dashboard() {
        return Stream.concat(Queries.ofThePanels().stream(), Queries.ofTheVariables().stream());
    }

    Stream<Map.Entry<String, String>> alerts() {
        return Queries.ofTheAlerts(this.prometheus);
    }

    @ParameterizedTest
    @MethodSource("dashboard")
    void aQueryOfTheDashboardHasData(String query) {
        assertThat(values(query)).isNotEmpty().anyMatch((value) -> !value.equals("NaN"));
    }

    @ParameterizedTest
    @MethodSource("alerts")
    void theConditionOfAnAlertHasDataThatSaysYesOrNo(Map.Entry<String, String> alert) {
        assertThat(Queries.answered(alert.getValue())).contains(" bool ");
        assertThat(values(Queries.answered(alert.getValue())))
                .isNotEmpty()
                .containsAnyOf("0", "1")
                .isSubsetOf("0", "1");
    }

    @Test
    void theDashboardHasAQueryInEveryPanel() {
        assertThat(Queries.ofThePanels()).hasSizeGreaterThanOrEqualTo(12);
        assertThat(Queries.ofTheVariables()).hasSize(2);
    }

    /** The queries of {@code alerts.test.yml}, which has a cause for each alert. */
    @Test
    void eachAlertFiresWhereItsCauseIsAndOnlyThere() throws IOException, InterruptedException {
        String causes = new String(
                        QueriesTests.class
                                .getResourceAsStream("/alerts.test.yml")
                                .readAllBytes(),
                        StandardCharsets.UTF_8)
                .replace("${alerts}", ALERTS);
        Path file = Program.file("alerts.yml");
        Files.writeString(file, causes);

        try (Program promtool = Program.start("promtool", List.of("promtool", "test", "rules", file.toString()))) {
            assertThat(promtool.process().waitFor(1, TimeUnit.MINUTES)).isTrue();
            assertThat(promtool.process().exitValue())
                    .as(Files.readString(promtool.output()))
                    .isZero();
        }
        assertThat(alerts().map(Map.Entry::getKey))
                .isNotEmpty()
                .allSatisfy((name) -> assertThat(causes).contains('"' + name + '"'));
    }

    private List<String> values(String query) {
        String json = this.prometheus.get("/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8));
        return JsonPath.read(json, "$.data.result[*].value[1]");
    }
}
