package io.ratelimit.web;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;

/**
 * The answer to a call that found no permit: a problem detail by RFC 9457. It names limits, never a key, and no number that
 * {@link RateLimitHeaders#NONE} would not disclose.
 *
 * <pre>{@code
 * HTTP/1.1 429
 * Content-Type: application/problem+json
 * Retry-After: 17
 *
 * {
 *   "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
 *   "title": "Quota Exceeded",
 *   "status": 429,
 *   "detail": "The rate limit 'requests' is used up. Retry in 17 s.",
 *   "violated-policies": ["requests"]
 * }
 * }</pre>
 *
 * <p>A call that waited until its time ran out gets the same answer, with "The wait for the rate limit 'requests' was in vain." in
 * its detail; one that found too many others waiting, "The queue for the rate limit 'requests' is full."
 *
 * @param status the HTTP status: 429 for a refusal, 503 if the backend could not be asked
 * @param type the problem type
 * @param title what the type says
 * @param detail what happened
 * @param violatedPolicies the names of the limits that refused, as the header fields call them; empty for a 503
 * @param retryAfterSeconds when to come again: rounded up, at least 1
 * @since 0.1.0
 */
public record LimitProblem(
        int status, URI type, String title, String detail, List<String> violatedPolicies, long retryAfterSeconds) {

    /** The media type of {@link #toJson()}. */
    public static final String MEDIA_TYPE = "application/problem+json";

    private static final URI QUOTA_EXCEEDED =
            URI.create("https://iana.org/assignments/http-problem-types#quota-exceeded");

    private static final URI NO_MORE_THAN_THE_STATUS = URI.create("about:blank");

    private static final String VIOLATED_POLICIES = "violated-policies";

    /**
     * Describes a refusal.
     *
     * @param refusal the refusal
     * @param decisions what was decided in the request, the refusal included
     * @return the answer, with status 429
     */
    public static LimitProblem of(LimitExceededException refusal, Decisions decisions) {
        List<String> violated = decisions.policyNames(refusal.resource(), refusal.violated());
        long retryAfterSeconds = WholeSeconds.atLeastOne(refusal.retryAfter());
        String detail = "%s Retry in %s s.".formatted(whatHappened(refusal, violated.get(0)), retryAfterSeconds);
        return new LimitProblem(429, QUOTA_EXCEEDED, "Quota Exceeded", detail, violated, retryAfterSeconds);
    }

    /**
     * Describes that the limits could not be checked, and nothing of why.
     *
     * @return the answer to a {@link BackendUnavailableException}, with status 503
     */
    public static LimitProblem unavailable() {
        return new LimitProblem(
                503,
                NO_MORE_THAN_THE_STATUS,
                "Service Unavailable",
                "The limits of this resource cannot be checked at the moment.",
                List.of(),
                1);
    }

    /**
     * Returns the body as UTF-8 JSON, without the help of a JSON library, so that it is the same wherever it is sent.
     *
     * @return the members in the order type, title, status, detail, violated-policies
     */
    public byte[] toJson() {
        String json = "{\"type\":%s,\"title\":%s,\"status\":%s,\"detail\":%s%s}"
                .formatted(
                        quoted(this.type.toString()),
                        quoted(this.title),
                        this.status,
                        quoted(this.detail),
                        this.violatedPolicies.isEmpty() ? "" : ",\"" + VIOLATED_POLICIES + "\":" + violatedAsJson());
        return json.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Returns the same body as a model that can be changed.
     *
     * @return a new problem detail
     */
    public ProblemDetail toProblemDetail() {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(HttpStatusCode.valueOf(this.status), this.detail);
        problem.setType(this.type);
        problem.setTitle(this.title);
        if (!this.violatedPolicies.isEmpty()) {
            problem.setProperty(VIOLATED_POLICIES, this.violatedPolicies);
        }
        return problem;
    }

    private static String whatHappened(LimitExceededException refusal, String policy) {
        boolean rate = refusal.violated().get(0).kind() == LimitKind.RATE;
        if (refusal.queueFull()) {
            return "The queue for the %s limit '%s' is full.".formatted(rate ? "rate" : "concurrency", policy);
        }
        if (refusal.timedOut()) {
            return "The wait for the %s limit '%s' was in vain.".formatted(rate ? "rate" : "concurrency", policy);
        }
        return (rate ? "The rate limit '%s' is used up." : "The concurrency limit '%s' has too few slots free.")
                .formatted(policy);
    }

    private String violatedAsJson() {
        return this.violatedPolicies.stream().map(LimitProblem::quoted).collect(Collectors.joining(",", "[", "]"));
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ') {
                json.append("\\u%04x".formatted((int) c));
            } else if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
}
