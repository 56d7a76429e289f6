package io.ratelimit.web.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What clients get over the wire, from a real server. */
class RefusalHttpTests {

    private static final String REFUSAL =
            "{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\","
                    + "\"title\":\"Quota Exceeded\",\"status\":429,"
                    + "\"detail\":\"The rate limit 'requests' is used up. Retry in 17 s.\","
                    + "\"violated-policies\":[\"requests\"]}";

    @Nested
    @SpringBootTest(classes = LimitedApplication.class, webEnvironment = WebEnvironment.RANDOM_PORT)
    class ByDefault {

        @LocalServerPort
        private int port;

        @Test
        void aRefusalIsA429WithAProblemDetail() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused");

            assertRefused(response);
            assertThat(response.headers().allValues("Retry-After")).containsExactly("17");
        }

        @Test
        void aRefusalThatComesFromTheApiTellsHowItsLimitsStand() throws Exception {
            assertFields(Http.get(this.port, "/refused"), "\"requests\";q=500;w=60", "\"requests\";r=0;t=17");
        }

        @Test
        void aRefusalTellsOfEarlierDecisionsToo() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused/annotated");

            assertRefused(response);
            assertFields(
                    response,
                    "\"postgres-pool\";q=10;qu=\"concurrent-requests\", \"requests\";q=500;w=60",
                    "\"postgres-pool\";r=6, \"requests\";r=0;t=17");
        }

        @Test
        void aWaitUnderASecondIsRoundedUpToOne() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused/slots");

            assertThat(response.statusCode()).isEqualTo(429);
            assertThat(response.headers().allValues("Retry-After")).containsExactly("1");
            assertThat(response.body())
                    .contains("\"The concurrency limit 'postgres-pool' has too few slots free. Retry in 1 s.\"")
                    .contains("\"violated-policies\":[\"postgres-pool\"]");
        }

        @ParameterizedTest
        @ValueSource(strings = {"text/html", "text/csv", "application/xml", "image/png;q=0.5", "*/*", "not a type"})
        void aRefusalIsTheSameWhateverTheClientAccepts(String accept) throws Exception {
            assertRefused(Http.get(this.port, "/refused", "Accept", accept));
        }

        @Test
        void aRefusalIsTheSameWhateverTheControllerProduces() throws Exception {
            assertRefused(Http.get(this.port, "/refused/csv"));
            assertRefused(Http.get(this.port, "/refused/csv", "Accept", "text/csv"));
        }

        @Test
        void aRefusalTakesThePlaceOfADownloadThatHadBegun() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused/download");

            assertRefused(response);
            assertThat(response.headers().firstValue("Content-Disposition")).isEmpty();
            assertThat(response.headers().firstValue("X-Kept")).hasValue("yes");
        }

        @Test
        void aRefusalOfAHeadRequestHasFieldsOnly() throws Exception {
            HttpResponse<String> response = Http.send("HEAD", this.port, "/refused");

            assertThat(response.statusCode()).isEqualTo(429);
            assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(response.headers().firstValue("Content-Length")).hasValue("" + REFUSAL.length());
            assertThat(response.headers().firstValue("Retry-After")).hasValue("17");
            assertThat(response.body()).isEmpty();
            assertFields(response, "\"requests\";q=500;w=60", "\"requests\";r=0;t=17");
        }

        @ParameterizedTest
        @ValueSource(strings = {"completion", "execution", "undeclared", "function"})
        void aRefusalIsRecognisedWhereverItComesFrom(String path) throws Exception {
            assertRefused(Http.get(this.port, "/refused/" + path));
        }

        @Test
        void aRefusalInsideAnExceptionOfTheApplicationIsNotAnswered() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused/inside");

            assertThat(response.statusCode()).isEqualTo(500);
            assertThat(response.headers().firstValue("Retry-After")).isEmpty();
        }

        @Test
        void anUnavailableBackendIsA503WithoutTheReason() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/unavailable", "Accept", "text/html");

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(response.headers().allValues("Retry-After")).containsExactly("1");
            assertThat(response.body())
                    .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                            + "\"detail\":\"The limits of this resource cannot be checked at the moment.\"}");
        }

        @Test
        void aGrantTellsHowTheLimitStands() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/granted");

            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("Retry-After")).isEmpty();
            assertFields(response, "\"requests\";q=500;w=60", "\"requests\";r=42;t=17");
        }

        @Test
        void aHeadRequestIsToldTheSameAsAGet() throws Exception {
            assertFields(Http.send("HEAD", this.port, "/granted"), "\"requests\";q=500;w=60", "\"requests\";r=42;t=17");
        }

        @Test
        void everyResourceDecidedInARequestIsTold() throws Exception {
            assertFields(
                    Http.get(this.port, "/granted/both"),
                    "\"requests\";q=500;w=60, \"postgres-pool\";q=10;qu=\"concurrent-requests\"",
                    "\"requests\";r=42;t=17, \"postgres-pool\";r=6");
        }

        @Test
        void theLastDecisionOnAResourceIsTold() throws Exception {
            assertFields(Http.get(this.port, "/granted/twice"), "\"requests\";q=500;w=60", "\"requests\";r=41;t=17");
        }

        @Test
        void aForwardAddsToWhatTheRequestWasTold() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/forwarding");

            assertThat(response.body()).isEqualTo("ok");
            assertFields(
                    response,
                    "\"postgres-pool\";q=10;qu=\"concurrent-requests\", \"requests\";q=500;w=60",
                    "\"postgres-pool\";r=6, \"requests\";r=42;t=17");
        }

        @Test
        void anErrorOfALimitedEndpointKeepsItsFieldsThroughTheErrorDispatch() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/broken");

            assertThat(response.statusCode()).isEqualTo(500);
            assertThat(response.body()).contains("\"path\":\"/broken\"");
            assertFields(response, "\"requests\";q=500;w=60", "\"requests\";r=42;t=17");
        }

        @Test
        void aDecisionAfterTheResponseHasBegunDisturbsNothing() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/granted/late");

            assertThat(response.body()).isEqualTo("ok");
            assertThat(response.headers().firstValue("RateLimit")).isEmpty();
        }

        @Test
        void anEndpointWithoutLimitsTellsNothing() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/unlimited");

            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(fieldsOfLimits(response)).isEmpty();
        }

        private void assertFields(HttpResponse<String> response, String policy, String limit) {
            assertThat(response.headers().allValues("RateLimit-Policy")).containsExactly(policy);
            assertThat(response.headers().allValues("RateLimit")).containsExactly(limit);
            assertThat(response.headers().firstValue("X-RateLimit-Limit")).isEmpty();
        }
    }

    @Nested
    @SpringBootTest(
            classes = LimitedApplication.class,
            webEnvironment = WebEnvironment.RANDOM_PORT,
            properties = "ratelimit.web.headers=legacy")
    class WithLegacyFields {

        @LocalServerPort
        private int port;

        @Test
        void aGrantTellsLimitRemainingAndReset() throws Exception {
            assertFields(Http.get(this.port, "/granted"), "42");
        }

        @Test
        void aRefusalTellsThatNothingIsLeft() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused");

            assertRefused(response);
            assertFields(response, "0");
        }

        private void assertFields(HttpResponse<String> response, String remaining) {
            assertThat(response.headers().allValues("X-RateLimit-Limit")).containsExactly("500");
            assertThat(response.headers().allValues("X-RateLimit-Remaining")).containsExactly(remaining);
            assertThat(response.headers().allValues("X-RateLimit-Reset")).containsExactly("17");
            assertThat(response.headers().firstValue("RateLimit")).isEmpty();
            assertThat(response.headers().firstValue("RateLimit-Policy")).isEmpty();
        }
    }

    @Nested
    @SpringBootTest(
            classes = LimitedApplication.class,
            webEnvironment = WebEnvironment.RANDOM_PORT,
            properties = "ratelimit.web.headers=none")
    class WithoutFields {

        @LocalServerPort
        private int port;

        @Test
        void aRefusalStillSaysWhenToComeAgain() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused");

            assertRefused(response);
            assertThat(response.headers().allValues("Retry-After")).containsExactly("17");
            assertThat(fieldsOfLimits(response)).isEmpty();
        }

        @Test
        void aGrantTellsNothing() throws Exception {
            assertThat(fieldsOfLimits(Http.get(this.port, "/granted"))).isEmpty();
        }
    }

    private static void assertRefused(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(429);
        assertThat(response.headers().allValues("Content-Type")).containsExactly("application/problem+json");
        assertThat(response.body()).isEqualTo(REFUSAL);
    }

    private static List<String> fieldsOfLimits(HttpResponse<String> response) {
        return response.headers().map().keySet().stream()
                .filter((name) -> name.toLowerCase(Locale.ROOT).contains("ratelimit"))
                .toList();
    }
}
