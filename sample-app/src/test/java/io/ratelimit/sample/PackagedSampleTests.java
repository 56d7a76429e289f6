package io.ratelimit.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.jayway.jsonpath.JsonPath;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.test.util.TestSocketUtils;

/** The jar of the sample in a JVM of its own, as it is and processed ahead of time. */
@Tag("packaged")
class PackagedSampleTests {

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

    private static final Pattern STARTED = Pattern.compile("Tomcat started on port (\\d+)");

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir
    private Path directory;

    private int port;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void refusesLetsWaitAndShowsGauges(boolean aheadOfTime) throws Exception {
        Path log = this.directory.resolve("log");
        Process sample = start(aheadOfTime, log);
        try {
            await().atMost(LONGEST_WAIT).until(() -> {
                assertThat(sample.isAlive()).as("%s", Files.readString(log)).isTrue();
                return STARTED.matcher(Files.readString(log)).find();
            });
            String output = Files.readString(log);
            assertThat(output.contains("Starting AOT-processed SampleApplication"))
                    .isEqualTo(aheadOfTime);
            this.port = Integer.parseInt(STARTED.matcher(output)
                    .results()
                    .map((match) -> match.group(1))
                    .findFirst()
                    .orElseThrow());
            refuses();
            letsWait();
            answersByFallback();
            showsGauges();
        } finally {
            sample.destroy();
            if (!sample.waitFor(30, TimeUnit.SECONDS)) {
                sample.destroyForcibly();
            }
        }
    }

    private static Process start(boolean aheadOfTime, Path log) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-Dspring.aot.enabled=" + aheadOfTime,
                        "-jar",
                        System.getProperty("sample.jar"),
                        "--server.port=0",
                        "--ratelimit.command-timeout=60s",
                        // the exports would run on
                        "--spring.lifecycle.timeout-per-shutdown-phase=1s",
                        "--ratelimit.resources.postgres-pool.max-wait=10m",
                        "--sample.redis-port=" + TestSocketUtils.findAvailableTcpPort())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    /** Two exports of one user run until the end, the third is refused: the key is an expression. */
    private void refuses() {
        send("/exports/sales?takes=10m", "X-User", "anna");
        send("/exports/sales?takes=10m", "X-User", "anna");
        await().atMost(LONGEST_WAIT).until(() -> number("/actuator/limits/exports", "$.usage.limits[0].used") == 2);
        HttpResponse<String> refused =
                send("/exports/sales?takes=1ms", "X-User", "anna").join();
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("RateLimit")).contains("\"exports-per-user\";r=0");
    }

    /** Three queries run, and nine are answered. */
    private void letsWait() {
        List<CompletableFuture<HttpResponse<String>>> queries =
                Stream.generate(() -> send("/sales/north")).limit(9).toList();
        assertThat(queries)
                .allSatisfy((query) -> assertThat(query.join().statusCode()).isEqualTo(200));
    }

    private void answersByFallback() {
        List<String> answers = Stream.generate(
                        () -> send("/weather/Oslo").join().body())
                .limit(11)
                .toList();
        assertThat(answers.subList(0, 10)).allMatch((answer) -> answer.contains("asked the API"));
        assertThat(answers.get(10)).contains("from memory");
    }

    private void showsGauges() {
        assertThat(number("/actuator/metrics/ratelimit.slots.limit?tag=resource:exports", "$.measurements[0].value"))
                .isEqualTo(5);
        assertThat(number(
                        "/actuator/metrics/ratelimit.acquire?tag=resource:weather-api&tag=outcome:rejected",
                        "$.measurements[0].value"))
                .isEqualTo(1);
        await().atMost(LONGEST_WAIT)
                .until(() -> number(
                                "/actuator/metrics/ratelimit.slots.active?tag=resource:exports",
                                "$.measurements[0].value")
                        == 2);
        assertThat(send("/actuator/limitsdashboard").join().body()).startsWith("<!DOCTYPE html>");
        assertThat(send("/actuator/prometheus").join().body()).contains("ratelimit_slots_active");
    }

    private long number(String path, String jsonPath) {
        return JsonPath.<Number>read(send(path).join().body(), jsonPath).longValue();
    }

    private CompletableFuture<HttpResponse<String>> send(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://localhost:" + this.port + path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return this.http.sendAsync(request.build(), BodyHandlers.ofString());
    }
}
