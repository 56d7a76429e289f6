package io.ratelimit.web.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.web.LimitExceededHandler;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.converter.StringHttpMessageConverter;
import org.springframework.test.json.JsonAssert;
import org.springframework.test.json.JsonCompareMode;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Applications that replace the answer to a refusal. */
class LimitExceededHandlerHttpTests {

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, AddsToTheProblem.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class ThatAddsToTheProblem {

        @LocalServerPort
        private int port;

        @Test
        void theClientGetsTheStandardBodyAndTheAddition() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused");

            assertThat(response.statusCode()).isEqualTo(429);
            assertThat(response.headers().allValues("Content-Type")).containsExactly("application/problem+json");
            JsonAssert.comparator(JsonCompareMode.STRICT).assertIsMatch("""
                            {
                              "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
                              "title": "Quota Exceeded",
                              "status": 429,
                              "detail": "The rate limit 'requests' is used up. Retry in 17 s.",
                              "instance": "/refused",
                              "violated-policies": ["requests"],
                              "help": "https://example.org/openai"
                            }
                            """, response.body());
        }

        @Test
        void theFieldsAreThoseOfTheStandardAnswer() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused/completion");

            assertThat(response.statusCode()).isEqualTo(429);
            assertThat(response.headers().allValues("Retry-After")).containsExactly("17");
            assertThat(response.headers().allValues("RateLimit")).containsExactly("\"requests\";r=0;t=17");
        }

        @Test
        void itAnswersForControllersThatProduceSomethingElseToo() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused/csv", "Accept", "text/csv");

            assertThat(response.statusCode()).isEqualTo(429);
            assertThat(response.body()).contains("\"help\":\"https://example.org/openai\"");
        }

        @Test
        void itIsNotAskedForAnUnavailableBackend() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/unavailable");

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body()).doesNotContain("help");
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, SendsAPage.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class ThatSendsSomethingElse {

        @LocalServerPort
        private int port;

        @Test
        void statusTypeBodyAndFieldsAreThoseOfTheEntity() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused");

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.headers().firstValue("Content-Type"))
                    .hasValueSatisfying((type) -> assertThat(type).startsWith("text/html"));
            assertThat(response.headers().allValues("Retry-After")).containsExactly("99");
            assertThat(response.body()).isEqualTo("<p>openai is busy</p>");
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, SendsAModel.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class ThatLeavesTheTypeToNegotiation {

        @LocalServerPort
        private int port;

        @Test
        void aClientThatAcceptsTheBodyGetsIt() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused", "Accept", "application/json");

            assertThat(response.statusCode()).isEqualTo(429);
            assertThat(response.body()).isEqualTo("{\"busy\":\"openai\"}");
        }

        @Test
        void aClientThatDoesNotGetsTheStandardAnswer() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused", "Accept", "text/csv"));
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, Fails.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class ThatFails {

        @LocalServerPort
        private int port;

        @Test
        void theClientGetsTheStandardAnswer() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused"));
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, AddsToTheProblem.class, WritesTextOnly.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class InAnApplicationThatCannotWriteJson {

        @LocalServerPort
        private int port;

        @Test
        void theClientGetsTheStandardAnswer() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused"));
        }
    }

    private static void assertStandardAnswer(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(429);
        assertThat(response.headers().allValues("Content-Type")).containsExactly("application/problem+json");
        assertThat(response.headers().allValues("Retry-After")).containsExactly("17");
        assertThat(response.body())
                .startsWith("{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\"")
                .endsWith("\"violated-policies\":[\"requests\"]}");
    }

    @Configuration(proxyBeanMethods = false)
    static class AddsToTheProblem {

        @Bean
        LimitExceededHandler limitExceededHandler() {
            return (exception, problem) -> {
                problem.setProperty("help", "https://example.org/" + exception.resource());
                return ResponseEntity.of(problem).build();
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class SendsAPage {

        @Bean
        LimitExceededHandler limitExceededHandler() {
            return (exception, problem) -> ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
                    .contentType(MediaType.TEXT_HTML)
                    .header("Retry-After", "99")
                    .body("<p>%s is busy</p>".formatted(exception.resource()));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class SendsAModel {

        @Bean
        LimitExceededHandler limitExceededHandler() {
            return (exception, problem) -> ResponseEntity.status(429).body(Map.of("busy", exception.resource()));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Fails {

        @Bean
        LimitExceededHandler limitExceededHandler() {
            return (exception, problem) -> {
                throw new IllegalStateException("out of order");
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class WritesTextOnly implements WebMvcConfigurer {

        @Override
        @SuppressWarnings({"deprecation", "removal"})
        public void extendMessageConverters(List<HttpMessageConverter<?>> converters) {
            converters.clear();
            converters.add(new StringHttpMessageConverter());
        }
    }
}
