package io.ratelimit.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.ProblemDetail;

class LimitProblemTests {

    private static final Limit REQUESTS =
            new RateLimit("requests", 500, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

    private static final Limit TOKENS =
            new RateLimit("tokens", 10_000, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

    @Test
    void aRefusalByARateLimitIsAQuotaExceeded() {
        LimitProblem problem = refused(Duration.ofMillis(16_200), REQUESTS);

        assertThat(json(problem))
                .isEqualTo("{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\","
                        + "\"title\":\"Quota Exceeded\",\"status\":429,"
                        + "\"detail\":\"The rate limit 'requests' is used up. Retry in 17 s.\","
                        + "\"violated-policies\":[\"requests\"]}");
    }

    @Test
    void aRefusalByAConcurrencyLimitSaysSo() {
        assertThat(refused(Duration.ofMillis(1), ConcurrencyLimit.of(10)).detail())
                .isEqualTo("The concurrency limit 'openai' has too few slots free. Retry in 1 s.");
    }

    @Test
    void aWaitThatRanOutIsTheSameAnswerWithAnotherDetail() {
        LimitProblem problem = timedOut(Duration.ofMillis(1), ConcurrencyLimit.of(10));

        assertThat(problem.detail())
                .isEqualTo("The wait for the concurrency limit 'openai' was in vain. Retry in 1 s.");
        assertThat(problem)
                .usingRecursiveComparison()
                .ignoringFields("detail")
                .isEqualTo(refused(Duration.ofMillis(1), ConcurrencyLimit.of(10)));
        assertThat(timedOut(Duration.ZERO, REQUESTS).detail())
                .isEqualTo("The wait for the rate limit 'requests' was in vain. Retry in 1 s.");
    }

    @Test
    void allLimitsThatRefusedAreNamedTheLongestWaitFirst() {
        LimitProblem problem = refused(Duration.ofSeconds(30), TOKENS, REQUESTS);

        assertThat(problem.violatedPolicies()).containsExactly("tokens", "requests");
        assertThat(problem.detail()).startsWith("The rate limit 'tokens' is used up.");
        assertThat(json(problem)).endsWith(",\"violated-policies\":[\"tokens\",\"requests\"]}");
    }

    @Test
    void theNamesAreThoseOfTheHeaderFields() {
        LimitExceededException refusal = refusal(Duration.ofSeconds(1), REQUESTS);
        Decisions decisions = Decisions.NONE
                .with("search", List.of(new LimitStatus(REQUESTS, 1, Duration.ofSeconds(1))))
                .with("openai", refusal.limits());

        assertThat(LimitProblem.of(refusal, decisions).violatedPolicies()).containsExactly("openai.requests");
        assertThat(RateLimitHeaders.IETF.fields(decisions).get("RateLimit")).contains("\"openai.requests\"");
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "1000, 1", "1001, 2", "59999, 60", "60000, 60"})
    void theWaitIsRoundedUpToWholeSecondsAndAtLeastOne(long millis, long seconds) {
        assertThat(refused(Duration.ofMillis(millis), REQUESTS).retryAfterSeconds())
                .isEqualTo(seconds);
    }

    @Test
    void aWaitOfANanosecondMoreCountsAsASecondMore() {
        assertThat(refused(Duration.ofSeconds(2).plusNanos(1), REQUESTS).retryAfterSeconds())
                .isEqualTo(3);
    }

    @Test
    void anUnavailableBackendIsNoRefusal() {
        assertThat(json(LimitProblem.unavailable()))
                .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                        + "\"detail\":\"The limits of this resource cannot be checked at the moment.\"}");
        assertThat(LimitProblem.unavailable().retryAfterSeconds()).isEqualTo(1);
    }

    @Test
    void theJsonIsTheSameWhereDigitsAreOthers() {
        Locale before = Locale.getDefault();
        String json = json(refused(Duration.ofSeconds(17), REQUESTS));
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG"));
            assertThat("%d".formatted(429)).isNotEqualTo("429");
            assertThat(json(refused(Duration.ofSeconds(17), REQUESTS))).isEqualTo(json);
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void theModelSaysTheSameAsTheJson() {
        ProblemDetail model = refused(Duration.ofSeconds(17), REQUESTS).toProblemDetail();

        assertThat(model.getType())
                .isEqualTo(URI.create("https://iana.org/assignments/http-problem-types#quota-exceeded"));
        assertThat(model.getTitle()).isEqualTo("Quota Exceeded");
        assertThat(model.getStatus()).isEqualTo(429);
        assertThat(model.getDetail()).isEqualTo("The rate limit 'requests' is used up. Retry in 17 s.");
        assertThat(model.getProperties()).containsOnly(Map.entry("violated-policies", List.of("requests")));
        assertThat(LimitProblem.unavailable().toProblemDetail().getProperties()).isNull();
    }

    @Test
    void whatHasAMeaningInJsonIsEscaped() {
        LimitProblem problem = new LimitProblem(429, URI.create("a:b"), "a\"b", "c\\d\n", List.of("\u0001é"), 1);

        assertThat(json(problem))
                .isEqualTo("{\"type\":\"a:b\",\"title\":\"a\\\"b\",\"status\":429,\"detail\":\"c\\\\d\\u000a\","
                        + "\"violated-policies\":[\"\\u0001é\"]}");
    }

    private static String json(LimitProblem problem) {
        return new String(problem.toJson(), StandardCharsets.UTF_8);
    }

    private static LimitProblem refused(Duration retryAfter, Limit... violated) {
        return problem(refusal(retryAfter, violated));
    }

    private static LimitProblem timedOut(Duration retryAfter, Limit... violated) {
        return problem(refusal(retryAfter, true, violated));
    }

    private static LimitProblem problem(LimitExceededException refusal) {
        return LimitProblem.of(refusal, Decisions.NONE.with("openai", refusal.limits()));
    }

    private static LimitExceededException refusal(Duration retryAfter, Limit... violated) {
        return refusal(retryAfter, false, violated);
    }

    private static LimitExceededException refusal(Duration retryAfter, boolean timedOut, Limit... violated) {
        List<LimitStatus> limits = Stream.of(violated)
                .map((limit) -> new LimitStatus(limit, limit.limit(), retryAfter))
                .toList();
        return LimitExceededException.of(
                new LimitExceededException.Refusal("openai", List.of(violated), retryAfter, timedOut, false, limits));
    }
}
