package io.ratelimit.web.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.RateLimitExceededException;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Who answers where the application has {@code @ExceptionHandler} methods of its own. */
class ApplicationHandlersHttpTests {

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, ForEverything.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithAnAdviceForEverything {

        @LocalServerPort
        private int port;

        @ParameterizedTest
        @ValueSource(strings = {"/refused", "/refused/completion", "/refused/function", "/refused/slots"})
        void refusalsAreNotSwallowed(String path) throws Exception {
            assertStandardAnswer(Http.get(this.port, path), 429);
        }

        @Test
        void anUnavailableBackendIsNotSwallowed() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/unavailable"), 503);
        }

        @Test
        void otherExceptionsAreLeftToTheAdvice() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/broken");

            assertThat(response.statusCode()).isEqualTo(500);
            assertThat(response.body()).isEqualTo("everything: broken");
        }

        @Test
        void anExceptionOfTheApplicationThatWrapsARefusalIsLeftToTheAdvice() throws Exception {
            assertThat(Http.get(this.port, "/refused/inside").body()).isEqualTo("everything: The export failed");
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, ForTypesOfTheJdk.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithAnAdviceForTypesOfTheJdk {

        @LocalServerPort
        private int port;

        @ParameterizedTest
        @ValueSource(strings = {"/refused", "/refused/completion"})
        void refusalsAreNotSwallowed(String path) throws Exception {
            assertStandardAnswer(Http.get(this.port, path), 429);
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, ForOurs.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithAnAdviceThatNamesOurExceptions {

        @LocalServerPort
        private int port;

        @ParameterizedTest
        @ValueSource(strings = {"/refused", "/refused/completion", "/refused/function"})
        void theAdviceAnswersRefusals(String path) throws Exception {
            HttpResponse<String> response = Http.get(this.port, path);

            assertThat(response.statusCode()).isEqualTo(420);
            assertThat(response.body()).isEqualTo("advice: openai");
        }

        @Test
        void theAdviceAnswersAnUnavailableBackend() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/unavailable");

            assertThat(response.statusCode()).isEqualTo(502);
            assertThat(response.body()).isEqualTo("advice: unavailable");
        }

        @Test
        void theFieldsThatTellHowLimitsStandAreSentAllTheSame() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/refused");

            assertThat(response.headers().allValues("RateLimit")).containsExactly("\"requests\";r=0;t=17");
            assertThat(response.headers().firstValue("Retry-After")).isEmpty();
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, ForRateLimits.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithAnAdviceThatNamesOneKind {

        @LocalServerPort
        private int port;

        @Test
        void theAdviceAnswersThatKind() throws Exception {
            assertThat(Http.get(this.port, "/refused").body()).isEqualTo("advice: rate");
        }

        @Test
        void theOtherKindGetsTheStandardAnswer() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused/slots"), 429);
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, ForEverything.class, ForOurs.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithAnAdviceForEverythingBeforeOneThatNamesOurs {

        @LocalServerPort
        private int port;

        @Test
        void refusalsAreNotSwallowedByTheFirst() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused"), 429);
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, GivesBack.class, ForHtml.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithAnAdviceThatDeclines {

        @LocalServerPort
        private int port;

        @Test
        void whatItThrowsBackGetsTheStandardAnswer() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused"), 429);
        }

        @Test
        void whatItDoesNotProduceForThisClientGetsTheStandardAnswer() throws Exception {
            assertThat(Http.get(this.port, "/unavailable", "Accept", "text/html")
                            .body())
                    .isEqualTo("<p>unavailable</p>");
            assertStandardAnswer(Http.get(this.port, "/unavailable", "Accept", "application/json"), 503);
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, NamesOurs.class, CatchesAll.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithHandlersInTheController {

        @LocalServerPort
        private int port;

        @Test
        void oneThatNamesOurExceptionAnswers() throws Exception {
            HttpResponse<String> response = Http.get(this.port, "/own/named");

            assertThat(response.statusCode()).isEqualTo(420);
            assertThat(response.body()).isEqualTo("controller: openai");
        }

        @Test
        void oneThatCatchesAllDoesNot() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/own/all"), 429);
        }

        @Test
        void itDoesNotCountForOtherControllers() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused"), 429);
        }
    }

    @Nested
    @SpringBootTest(
            classes = {LimitedApplication.class, ForOtherControllers.class},
            webEnvironment = WebEnvironment.RANDOM_PORT)
    class WithAnAdviceForOtherControllers {

        @LocalServerPort
        private int port;

        @Test
        void refusalsGetTheStandardAnswer() throws Exception {
            assertStandardAnswer(Http.get(this.port, "/refused"), 429);
        }
    }

    private static void assertStandardAnswer(HttpResponse<String> response, int status) {
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(response.headers().firstValue("Retry-After")).isPresent();
        assertThat(response.body()).contains("\"status\":" + status);
    }

    @RestControllerAdvice
    @Order(Ordered.HIGHEST_PRECEDENCE)
    static class ForEverything {

        @ExceptionHandler
        @ResponseStatus(HttpStatus.INTERNAL_SERVER_ERROR)
        String answer(Exception exception) {
            return "everything: " + exception.getMessage();
        }
    }

    @RestControllerAdvice
    static class ForTypesOfTheJdk {

        @ExceptionHandler({RejectedExecutionException.class, CompletionException.class, RuntimeException.class})
        String answer() {
            return "swallowed";
        }
    }

    @RestControllerAdvice
    static class ForOurs {

        @ExceptionHandler
        ResponseEntity<String> answer(LimitExceededException exception) {
            return ResponseEntity.status(420).body("advice: " + exception.resource());
        }

        @ExceptionHandler({BackendUnavailableException.class, ArithmeticException.class})
        ResponseEntity<String> answer() {
            return ResponseEntity.status(502).body("advice: unavailable");
        }
    }

    @RestControllerAdvice
    static class ForRateLimits {

        @ExceptionHandler(RateLimitExceededException.class)
        String answer() {
            return "advice: rate";
        }
    }

    @RestControllerAdvice
    static class GivesBack {

        @ExceptionHandler
        String answer(LimitExceededException exception) {
            throw exception;
        }
    }

    @RestControllerAdvice
    static class ForHtml {

        @ExceptionHandler(exception = BackendUnavailableException.class, produces = MediaType.TEXT_HTML_VALUE)
        String answer() {
            return "<p>unavailable</p>";
        }
    }

    @ControllerAdvice(assignableTypes = NamesOurs.class)
    static class ForOtherControllers {

        @ExceptionHandler
        ResponseEntity<String> answer(LimitExceededException exception) {
            return ResponseEntity.status(420).body("advice: " + exception.resource());
        }
    }

    @RestController
    static class NamesOurs {

        @GetMapping("/own/named")
        String refused() {
            throw Limits.openaiRefusal();
        }

        @ExceptionHandler
        ResponseEntity<String> answer(LimitExceededException exception) {
            return ResponseEntity.status(420).body("controller: " + exception.resource());
        }
    }

    @RestController
    static class CatchesAll {

        @GetMapping("/own/all")
        String refused() {
            throw Limits.openaiRefusal();
        }

        @ExceptionHandler(Exception.class)
        String answer() {
            return "swallowed";
        }
    }
}
