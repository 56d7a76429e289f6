package io.ratelimit.web.reactive;

import io.ratelimit.LimitExceededException;
import io.ratelimit.web.LimitExceededHandler;
import io.ratelimit.web.LimitFailures;
import io.ratelimit.web.LimitProblem;
import io.ratelimit.web.RateLimitHeaders;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.result.method.annotation.ResponseEntityResultHandler;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;

/**
 * Answers refusals with 429 and an unavailable backend with 503, as {@link LimitProblem} describes, whatever the handler produces and the
 * client accepts. It needs no codec, so no JSON library; a {@link LimitExceededHandler} does. It comes before Spring Boot's own (its
 * order is -2). What annotated controllers throw comes through {@link LimitExceptionAdvice}.
 *
 * @since 0.1.0
 */
public final class LimitWebExceptionHandler implements WebExceptionHandler, Ordered {

    private static final int JUST_BEFORE_SPRING_BOOT = -2;

    private final ExchangeDecisions decisions;

    private final @Nullable ReplacedAnswer replacedAnswer;

    /**
     * Makes a handler.
     *
     * @param headers the header fields that tell how limits stand
     * @param handler what replaces the answer to a refusal; {@code null}: nothing does
     * @param writers what writes the entity that the handler returns, asked for once the application runs
     */
    public LimitWebExceptionHandler(
            RateLimitHeaders headers,
            @Nullable LimitExceededHandler handler,
            ObjectProvider<ResponseEntityResultHandler> writers) {
        this.decisions = new ExchangeDecisions(headers);
        this.replacedAnswer = (handler != null) ? new ReplacedAnswer(handler, writers::getObject) : null;
    }

    @Override
    public int getOrder() {
        return JUST_BEFORE_SPRING_BOOT;
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange, Throwable thrown) {
        RuntimeException failure = LimitFailures.find(thrown).orElse(null);
        if (failure == null || exchange.getResponse().isCommitted()) {
            return Mono.error(thrown);
        }
        if (!(failure instanceof LimitExceededException refusal)) {
            return send(LimitProblem.unavailable(), exchange.getResponse());
        }
        this.decisions.record(exchange, refusal.resource(), refusal.limits());
        LimitProblem problem = LimitProblem.of(refusal, ExchangeDecisions.of(exchange));
        Mono<Void> standard = Mono.defer(() -> send(problem, exchange.getResponse()));
        return (this.replacedAnswer != null)
                ? this.replacedAnswer.send(exchange, refusal, problem, standard)
                : standard;
    }

    private static Mono<Void> send(LimitProblem problem, ServerHttpResponse response) {
        byte[] body = problem.toJson();
        HttpHeaders headers = response.getHeaders();
        response.setStatusCode(HttpStatusCode.valueOf(problem.status()));
        headers.set(HttpHeaders.RETRY_AFTER, Long.toString(problem.retryAfterSeconds()));
        headers.setContentType(MediaType.valueOf(LimitProblem.MEDIA_TYPE));
        headers.setContentLength(body.length);
        DataBuffer buffer = response.bufferFactory().wrap(body);
        return response.writeWith(Mono.just(buffer));
    }
}
