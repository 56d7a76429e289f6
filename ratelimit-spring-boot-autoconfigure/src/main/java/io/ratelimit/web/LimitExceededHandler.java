package io.ratelimit.web;

import io.ratelimit.LimitExceededException;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;

/**
 * Replaces the answer to a refusal. A single bean of this type serves every web stack:
 *
 * <pre>{@code
 * @Bean
 * LimitExceededHandler limitExceededHandler() {
 *     return (exception, problem) -> {
 *         problem.setProperty("help", "https://example.org/limits");
 *         return ResponseEntity.of(problem).build();
 *     };
 * }
 * }</pre>
 *
 * <p>Status, body and content type are those of the entity; the body is written like that of any controller. {@code Retry-After}
 * is added unless the entity has it, and so are the fields that {@link RateLimitHeaders} describes. If the handler throws, or its
 * body cannot be written for this client, the client gets the standard answer.
 *
 * <p>Not asked where the application has an {@code @ExceptionHandler} for the exception, nor for a
 * {@link io.ratelimit.BackendUnavailableException}. Must be thread-safe and must not block.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface LimitExceededHandler {

    /**
     * Returns the answer to a refusal.
     *
     * @param exception the refusal
     * @param problem the standard body, which may be changed: status 429, type, title, detail and {@code violated-policies}
     * @return the answer
     */
    ResponseEntity<?> handle(LimitExceededException exception, ProblemDetail problem);
}
