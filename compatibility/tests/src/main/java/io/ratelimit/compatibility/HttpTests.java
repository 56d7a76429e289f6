package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients get over real HTTP, from either web stack. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class HttpTests {

    private final Stack stack;

    HttpTests(Stack stack) {
        this.stack = stack;
    }

    final RunningApplication application() {
        return this.stack.application();
    }

    /** Returns the paths of endpoints that hold a slot until their work ends. */
    Stream<String> paths() {
        return Stream.of("/mono", "/stage");
    }

    @Test
    void aRefusalIsA429WithAProblemDetail() {
        String client = UUID.randomUUID().toString();
        HttpResponse<String> granted = application().get("/rate", "X-Client", client);
        assertThat(granted.statusCode()).isEqualTo(200);
        assertThat(granted.headers().firstValue("RateLimit-Policy")).hasValue("\"requests\";q=2;w=3600");
        assertThat(granted.headers().firstValue("RateLimit")).hasValue("\"requests\";r=1;t=3600");
        application().get("/rate", "X-Client", client);

        for (String accept : List.of("application/json", "text/html", "*/*")) {
            HttpResponse<String> refused = application().get("/rate", "X-Client", client, "Accept", accept);
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(refused.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(refused.headers().firstValueAsLong("Retry-After").orElse(0))
                    .isBetween(3500L, 3601L);
            assertThat(refused.headers().firstValue("RateLimit").orElse("")).startsWith("\"requests\";r=0;t=3");
            assertThat(refused.body())
                    .startsWith("{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\","
                            + "\"title\":\"Quota Exceeded\",\"status\":429,"
                            + "\"detail\":\"The rate limit 'requests' is used up. Retry in 3")
                    .endsWith(" s.\",\"violated-policies\":[\"requests\"]}");
        }
    }

    @Test
    void aKeyWithAContractHasItsOwnLimit() {
        String client = "gold " + UUID.randomUUID();
        for (int i = 0; i < 3; i++) {
            assertThat(application().get("/rate", "X-Client", client).statusCode())
                    .isEqualTo(200);
        }
        assertThat(application().get("/rate", "X-Client", client).statusCode()).isEqualTo(429);
    }

    @ParameterizedTest
    @ValueSource(strings = {"user", "param"})
    void keysAreReadFromTheRequest(String kind) {
        String mine = UUID.randomUUID().toString();
        assertThat(keyed(kind, mine).statusCode()).isEqualTo(200);
        assertThat(keyed(kind, mine).statusCode()).isEqualTo(429);
        assertThat(keyed(kind, UUID.randomUUID().toString()).statusCode()).isEqualTo(200);
    }

    @Test
    void theAddressOfTheClientIsAKey() {
        assertThat(application().get("/ip").headers().firstValue("RateLimit")).isPresent();
        assertThat(application()
                        .snapshot("Endpoints.byIp", "127.0.0.1")
                        .limits()
                        .get(0)
                        .used())
                .isPositive();
    }

    @Test
    void aKeyThatIsMissingIsAnError() {
        assertThat(application().get("/rate").statusCode()).isEqualTo(500);
    }

    @Test
    void anErrorIsCountedOnceThoughItIsDispatchedAgain() {
        HttpResponse<String> failed =
                application().get("/failing", "X-Client", UUID.randomUUID().toString());
        assertThat(failed.statusCode()).isEqualTo(500);
        assertThat(failed.headers().firstValue("RateLimit")).hasValue("\"requests\";r=1;t=3600");
    }

    @Test
    void anUnavailableBackendIsA503WithoutTheReason() {
        HttpResponse<String> response = application().get("/unavailable", "Accept", "text/html");
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(response.body())
                .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                        + "\"detail\":\"The limits of this resource cannot be checked at the moment.\"}");
    }

    @Test
    void aStreamHoldsItsSlotUntilItsClientHasGone() throws Exception {
        HttpResponse<InputStream> first = application().open("/ticks");
        HttpResponse<InputStream> second = application().open("/ticks");
        application().awaitHolders("streams", 2);
        HttpResponse<String> refused = application().get("/ticks");
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("The concurrency limit 'streams' has too few slots free.");
        first.body().close();
        second.body().close();
        application().awaitHolders("streams", 0);
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aSlotLastsUntilTheWorkIsDone(String path) {
        Work work = application().bean(Work.class);
        work.begin();
        CompletableFuture<HttpResponse<String>> response = application().send("GET", path, "");
        application().awaitHolders("slots", 1);
        assertThat(response).isNotDone();
        work.end().complete("done");
        assertThat(response.join().body()).contains("done");
        application().awaitHolders("slots", 0);
    }

    @Test
    void requestsWaitInLine() {
        Work work = application().bean(Work.class);
        work.begin();
        List<CompletableFuture<HttpResponse<String>>> responses = Stream.generate(
                        () -> application().send("GET", "/line", ""))
                .limit(3)
                .toList();
        application().awaitHolders("line", 1);
        application().awaitQueue("line", 2);
        work.end().complete("done");
        assertThat(responses)
                .allSatisfy((response) -> assertThat(response.join().body()).isEqualTo("done"));
        application().awaitHolders("line", 0);
    }

    private HttpResponse<String> keyed(String kind, String value) {
        return kind.equals("user")
                ? application().get("/user", "X-User", value)
                : application().get("/param?q=" + value);
    }
}
