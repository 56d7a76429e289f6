package io.ratelimit.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.jayway.jsonpath.JsonPath;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.util.TestSocketUtils;

@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
class SampleApplicationTests {

    private static final int REDIS_PORT = TestSocketUtils.findAvailableTcpPort();

    private final HttpClient http = HttpClient.newHttpClient();

    private final List<Permit> permits = new ArrayList<>();

    @LocalServerPort
    private int port;

    @Autowired
    private Limiter limiter;

    @DynamicPropertySource
    static void bringARedisOfItsOwn(DynamicPropertyRegistry registry) {
        registry.add("sample.redis-port", () -> REDIS_PORT);
        registry.add("ratelimit.resources.postgres-pool.max-wait", () -> "1s");
    }

    @AfterEach
    void freeSlots() {
        this.permits.forEach(Permit::close);
    }

    @Nested
    class Exports {

        @Test
        void areRefusedWhileFiveRun() {
            hold(5, LimitRequest.of("exports"));

            HttpResponse<String> refused = get("/exports/sales?takes=1ms", "anna");

            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(refused.headers().firstValue("Retry-After")).contains("1");
            assertThat(refused.headers().firstValue("RateLimit-Policy"))
                    .contains("\"exports\";q=5;qu=\"concurrent-requests\"");
            assertThat(refused.headers().firstValue("RateLimit")).contains("\"exports\";r=0");
            assertThat(refused.headers().firstValue("Content-Type")).contains("application/problem+json");
            assertThat(JsonPath.<List<String>>read(refused.body(), "$.violated-policies"))
                    .containsExactly("exports");
        }

        @Test
        void areRefusedToAUserWhoRunsTwoAndNotToOthers() {
            hold(2, LimitRequest.of("exports-per-user").key("anna"));

            assertThat(get("/exports/sales?takes=1ms", "anna").statusCode()).isEqualTo(429);
            assertThat(get("/exports/sales?takes=1ms", "bert").statusCode()).isEqualTo(200);
        }

        @Test
        void haveFencingTokensThatGrow() {
            assertThat(fencingToken("anna")).isLessThan(fencingToken("bert"));
        }

        @Test
        void showInActuatorWhileTheyRun() {
            CompletableFuture<HttpResponse<String>> running = getAsync("/exports/sales?takes=3s", "anna");

            await().untilAsserted(() -> {
                assertThat(read("/actuator/limits/exports", "$.usage.limits[0].used"))
                        .isEqualTo(1);
                assertThat(read(
                                "/actuator/metrics/ratelimit.slots.active?tag=resource:exports",
                                "$.measurements[0].value"))
                        .isEqualTo(1.0);
            });
            assertThat(running).isNotDone();
            assertThat(running.join().statusCode()).isEqualTo(200);
            await().untilAsserted(() -> assertThat(read("/actuator/limits/exports", "$.usage.limits[0].used"))
                    .isEqualTo(0));
        }

        private long fencingToken(String user) {
            return JsonPath.<Number>read(get("/exports/sales?takes=1ms", user).body(), "$.fencingToken")
                    .longValue();
        }
    }

    @Nested
    class WorkThatOutlastsItsMethod {

        @Test
        void holdsASlotOfAStreamUntilItsClientHasGone() throws IOException {
            InputStream first = stream();
            InputStream second = stream();
            assertThat(get("/live", "anna").statusCode()).isEqualTo(429);

            first.close();
            second.close();
            await().untilAsserted(() -> assertThat(read("/actuator/limits/live-streams", "$.usage.limits[0].used"))
                    .isEqualTo(0));
        }

        @Test
        void waitsInLineForAThumbnail() {
            hold(2, LimitRequest.of("thumbnails"));
            List<CompletableFuture<HttpResponse<String>>> waiting = Stream.of("a", "b", "c")
                    .map((name) -> getAsync("/thumbnails/" + name, "anna"))
                    .toList();
            await().untilAsserted(() -> assertThat(read("/actuator/limits/thumbnails", "$.usage.queueSize"))
                    .isEqualTo(3));

            freeSlots();
            assertThat(waiting)
                    .extracting((one) -> one.join().body())
                    .containsExactly("thumbnail of a", "thumbnail of b", "thumbnail of c");
        }

        private InputStream stream() throws IOException {
            URI uri = URI.create("http://localhost:%d/live".formatted(port));
            InputStream stream = http.sendAsync(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofInputStream())
                    .join()
                    .body();
            assertThat(stream.read()).isEqualTo('d');
            return stream;
        }
    }

    @Nested
    class ASecondInstance {

        @Test
        void sharesTheLimit() {
            try (ConfigurableApplicationContext second = new SpringApplicationBuilder(SampleApplication.class)
                    .run("--server.port=0", "--sample.redis-port=" + REDIS_PORT)) {
                hold(3, LimitRequest.of("exports"));
                Limiter other = second.getBean(Limiter.class);
                SampleApplicationTests.this.permits.add(other.acquire("exports"));
                SampleApplicationTests.this.permits.add(other.acquire("exports"));
                String otherPort = second.getEnvironment().getProperty("local.server.port");

                assertThat(get("/exports/sales?takes=1ms", "anna").statusCode()).isEqualTo(429);
                assertThat(request("http://localhost:%s/exports/sales?takes=1ms".formatted(otherPort), "anna")
                                .join()
                                .statusCode())
                        .isEqualTo(429);
            }
        }
    }

    @Test
    void aQueryThatFindsNoSlotDoesNotUseTheRate() {
        Object usedBefore = read("/actuator/limits/postgres-pool", "$.usage.limits[0].used");
        hold(3, LimitRequest.of("postgres-pool").only(LimitKind.CONCURRENCY));

        assertThat(get("/sales/north", "anna").statusCode()).isEqualTo(429);
        assertThat(read("/actuator/limits/postgres-pool", "$.usage.limits[0].used"))
                .isEqualTo(usedBefore);
    }

    @Test
    void aQueryThatFindsNoSlotWaitsForOne() {
        hold(3, LimitRequest.of("postgres-pool").only(LimitKind.CONCURRENCY));
        CompletableFuture<HttpResponse<String>> query = getAsync("/sales/north", "anna");
        await().untilAsserted(() -> assertThat(read("/actuator/limits/postgres-pool", "$.usage.queueSize"))
                .isEqualTo(1));

        freeSlots();

        assertThat(query.join().body()).isEqualTo("{\"north\":300.00}");
    }

    @Test
    void aQueryThatWaitedInVainIsToldSo() {
        hold(3, LimitRequest.of("postgres-pool").only(LimitKind.CONCURRENCY));

        assertThat(get("/sales/north", "anna").body())
                .contains("The wait for the concurrency limit 'postgres-pool-concurrency' was in vain.");
    }

    @Test
    void sumsUpSales() {
        assertThat(get("/sales/south", "anna").body()).isEqualTo("{\"south\":250.00}");
    }

    @Test
    void asksTheWeatherApiTenTimesAMinuteAndItsMemoryFromThenOn() {
        for (int i = 0; i < 10; i++) {
            assertThat(get("/weather/Oslo", "anna").body()).contains("asked the API");
        }
        assertThat(get("/weather/Oslo", "anna").body()).contains("from memory");
    }

    @Test
    void countsWhoWouldBeRefusedTheFrontPage() {
        for (int i = 0; i < 6; i++) {
            assertThat(get("/", "anna").statusCode()).isEqualTo(200);
        }
        assertThat(read(
                        "/actuator/metrics/ratelimit.acquire?tag=resource:front-page&tag=outcome:observed",
                        "$.measurements[0].value"))
                .isEqualTo(1.0);
    }

    @Test
    void showsItsLimitsOnAPage() {
        HttpResponse<String> page = get("/actuator/limitsdashboard", "ops");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type")).contains("text/html;charset=UTF-8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"grafana-dashboard.json", "prometheus-alerts.yml"})
    void exposesEveryMetricThatTheDocsAskFor(String file) throws IOException {
        String scrape = get("/actuator/prometheus", "ops").body();
        String queries = Files.readString(Path.of("..", "docs", file));

        assertThat(Pattern.compile("\\bratelimit_\\w+").matcher(queries).results())
                .isNotEmpty()
                .allSatisfy((metric) -> assertThat(scrape).containsPattern("(?m)^" + metric.group() + "\\{"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"})
    void carriesARedisFor(String platform) {
        assertThat(getClass().getResource("/redis/redis-server-7.0.15-" + platform))
                .isNotNull();
    }

    private void hold(int count, LimitRequest request) {
        for (int i = 0; i < count; i++) {
            this.permits.add(this.limiter.acquire(request));
        }
    }

    private Object read(String path, String jsonPath) {
        return JsonPath.read(get(path, "ops").body(), jsonPath);
    }

    private HttpResponse<String> get(String path, String user) {
        return getAsync(path, user).join();
    }

    private CompletableFuture<HttpResponse<String>> getAsync(String path, String user) {
        return request("http://localhost:%d%s".formatted(this.port, path), user);
    }

    private CompletableFuture<HttpResponse<String>> request(String uri, String user) {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(uri)).header("X-User", user).build();
        return this.http.sendAsync(request, BodyHandlers.ofString());
    }
}
