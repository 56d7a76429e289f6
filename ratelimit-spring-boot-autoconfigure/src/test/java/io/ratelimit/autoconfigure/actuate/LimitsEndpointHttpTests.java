package io.ratelimit.autoconfigure.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Configuration;

@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.endpoints.web.exposure.include=limits",
            "ratelimit.backend=memory",
            "ratelimit.resources.pool.concurrency=10",
            "ratelimit.resources.pool.rate=100/1m",
            "ratelimit.resources.changing.concurrency=5",
            "ratelimit.resources.per-user.key=user",
            "ratelimit.resources.per-user.concurrency=2"
        })
class LimitsEndpointHttpTests {

    @LocalServerPort
    private int port;

    @Autowired
    private Limiter limiter;

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + this.port + "/actuator/limits" + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    private Map<String, Object> json(String path) throws IOException, InterruptedException {
        HttpResponse<String> response = get(path);
        assertThat(response.statusCode()).isEqualTo(200);
        return JsonParserFactory.getJsonParser().parseMap(response.body());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Map<String, Object> parent, String field) {
        return (Map<String, Object>) parent.get(field);
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> list(Map<String, Object> parent, String field) {
        return (List<Map<String, Object>>) parent.get(field);
    }

    @Test
    void allResourcesAreShownUnderTheirDocumentedFields() throws Exception {
        Map<String, Object> all = json("");

        assertThat(all).containsOnlyKeys("instance", "liveInstances", "resources", "pools");
        assertThat(object(all, "resources")).containsOnlyKeys("pool", "per-user", "changing");
        Map<String, Object> pool = object(object(all, "resources"), "pool");
        assertThat(pool)
                .containsOnlyKeys(
                        "name",
                        "limits",
                        "keyed",
                        "policy",
                        "maxQueue",
                        "onBackendFailure",
                        "hashKeys",
                        "perInstance",
                        "attributes",
                        "enabled",
                        "status",
                        "usage");
        assertThat(pool.get("limits"))
                .isEqualTo(List.of(
                        Map.of(
                                "name",
                                "default",
                                "kind",
                                "rate",
                                "limit",
                                100,
                                "window",
                                "PT1M",
                                "algorithm",
                                "sliding-window"),
                        Map.of("name", "default", "kind", "concurrency", "limit", 10, "lease", "PT10S")));
        assertThat(object(pool, "usage")).containsOnlyKeys("limits", "holderCount", "queueSize");
    }

    @Test
    void aResourceIsShownWithItsLiveNumbersAndHolders() throws Exception {
        try (Permit permit = this.limiter.acquire("pool")) {
            assertThat(permit.isValid()).isTrue();
            Map<String, Object> usage = object(json("/pool"), "usage");

            assertThat(list(usage, "limits"))
                    .last()
                    .isEqualTo(
                            Map.of("name", "default", "kind", "concurrency", "limit", 10, "used", 1, "remaining", 9));
            assertThat(usage)
                    .containsEntry("holderCount", 1)
                    .containsEntry("queueSize", 0)
                    .containsEntry("queue", List.of());
            assertThat(list(usage, "holders")).singleElement().satisfies((holder) -> {
                assertThat(holder).containsOnlyKeys("permit", "instance", "slots", "age", "leaseLeft");
                assertThat(holder).containsEntry("slots", Map.of("default", 1));
                assertThat(holder).containsEntry("instance", json("").get("instance"));
                assertThat(String.valueOf(holder.get("leaseLeft"))).startsWith("PT");
            });
        }
    }

    @Test
    void theShareOfAKeyIsShownOnRequest() throws Exception {
        try (Permit permit = this.limiter.acquire(LimitRequest.of("per-user").key("u 1"))) {
            assertThat(permit.isValid()).isTrue();

            assertThat(json("/per-user")).containsEntry("status", "per-key").doesNotContainKey("usage");
            assertThat(object(json("/per-user?key=u%201"), "usage")).containsEntry("holderCount", 1);
            assertThat(object(json("/per-user?key=u2"), "usage")).containsEntry("holderCount", 0);
        }
    }

    private HttpResponse<String> send(String method, String path, String body)
            throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + this.port + "/actuator/limits" + path))
                                .header("Content-Type", "application/json")
                                .method(method, HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aLimitIsChangedAndTakenBack() throws Exception {
        HttpResponse<String> changed = send("POST", "/changing", "{\"limit\": 1, \"policy\": \"observe\"}");

        assertThat(changed.statusCode()).isEqualTo(200);
        Map<String, Object> changing = json("/changing");
        assertThat(list(changing, "limits"))
                .singleElement()
                .satisfies((limit) -> assertThat(limit).containsEntry("limit", 1));
        assertThat(changing).containsEntry("policy", "observe");
        assertThat(object(changing, "override")).containsEntry("policy", "observe");
        assertThat(this.limiter.acquire("changing").fencingToken()).isPositive();
        assertThat(this.limiter.acquire("changing").fencingToken()).isZero();

        assertThat(send("DELETE", "/changing", "").statusCode()).isEqualTo(200);
        assertThat(json("/changing")).containsEntry("policy", "reject").doesNotContainKey("override");
        assertThat(list(json("/changing"), "limits"))
                .singleElement()
                .satisfies((limit) -> assertThat(limit).containsEntry("limit", 5));
    }

    @Test
    void aChangeThatMakesNoSenseIsABadRequest() throws Exception {
        HttpResponse<String> refused = send("POST", "/changing", "{\"limit\": 0}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(send("POST", "/changing", "{\"limit\": \"many\"}").statusCode())
                .isEqualTo(400);
        assertThat(send("POST", "/changing", "{}").statusCode()).isEqualTo(400);
        assertThat(send("POST", "/nope", "{\"limit\": 1}").statusCode()).isEqualTo(400);
        assertThat(send("DELETE", "/nope", "").statusCode()).isEqualTo(400);
    }

    @Test
    void aBadRequestSaysWhy() throws Exception {
        assertThat(List.of(
                        send("POST", "/nope", "{\"limit\": 1}"),
                        send("DELETE", "/nope", ""),
                        send("DELETE", "/nope/usage", "")))
                .allSatisfy((response) -> isAProblem(
                        response, "There is no resource of that name. Known resources: [changing, per-user, pool]"));
        isAProblem(send("DELETE", "/per-user/usage", ""), "The resource 'per-user' has a key: say which");
        isAProblem(get("/per-user?key="), "The key is blank: give one, or leave the parameter out");
    }

    private static void isAProblem(HttpResponse<String> response, String detail) {
        isAProblem(response, 400, "Bad Request", detail);
    }

    private static void isAProblem(HttpResponse<String> response, int status, String title, String detail) {
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(JsonParserFactory.getJsonParser().parseMap(response.body()))
                .isEqualTo(Map.of("title", title, "status", status, "detail", detail));
    }

    @Test
    void theKeysThatAreRefusedMostAreShown() throws Exception {
        for (int i = 0; i < 5; i++) {
            this.limiter.tryAcquire(LimitRequest.of("per-user").key("greedy"));
        }
        assertThat(list(json("/per-user"), "hotKeys")).contains(Map.of("key", "greedy", "refused", 3, "waited", 0));
        assertThat(json("/pool")).doesNotContainKey("hotKeys");
    }

    @Test
    void anUnknownResourceIsNotFound() throws Exception {
        isAProblem(
                get("/nope"),
                404,
                "Not Found",
                "There is no resource of that name. Known resources: [changing, per-user, pool]");
    }

    @Test
    void aBlankKeyIsABadRequest() throws Exception {
        assertThat(get("/per-user?key=").statusCode()).isEqualTo(400);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}
}
