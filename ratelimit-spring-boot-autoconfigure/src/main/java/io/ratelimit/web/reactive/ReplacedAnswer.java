package io.ratelimit.web.reactive;

import io.ratelimit.LimitExceededException;
import io.ratelimit.web.LimitExceededHandler;
import io.ratelimit.web.LimitProblem;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.util.ClassUtils;
import org.springframework.web.reactive.HandlerResult;
import org.springframework.web.reactive.result.method.annotation.ResponseEntityResultHandler;
import org.springframework.web.server.NotAcceptableStatusException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Lets a {@link LimitExceededHandler} answer, and writes its entity as WebFlux writes that of a controller: with the same codecs and content
 * negotiation.
 */
final class ReplacedAnswer {

    private static final Log logger = LogFactory.getLog(ReplacedAnswer.class);

    private static final MethodParameter RETURN_TYPE = new MethodParameter(
            ClassUtils.getMethod(
                    LimitExceededHandler.class, "handle", LimitExceededException.class, ProblemDetail.class),
            -1);

    private final LimitExceededHandler handler;

    private final Supplier<ResponseEntityResultHandler> writer;

    ReplacedAnswer(LimitExceededHandler handler, Supplier<ResponseEntityResultHandler> writer) {
        this.handler = handler;
        this.writer = writer;
    }

    /** Answers the client; where that fails before anything was sent, the standard answer goes out and the reason is logged. */
    Mono<Void> send(
            ServerWebExchange exchange, LimitExceededException refusal, LimitProblem problem, Mono<Void> standard) {
        return Mono.defer(() -> write(exchange, this.handler.handle(refusal, problem.toProblemDetail()), problem))
                .onErrorResume((failure) -> {
                    if (failure instanceof NotAcceptableStatusException) {
                        logger.debug("The client does not accept the body of the LimitExceededHandler", failure);
                    } else {
                        logger.warn("The LimitExceededHandler failed, or its body could not be written", failure);
                    }
                    return exchange.getResponse().isCommitted() ? Mono.empty() : standard;
                });
    }

    private Mono<Void> write(ServerWebExchange exchange, ResponseEntity<?> entity, LimitProblem problem) {
        if (entity.getHeaders().getFirst(HttpHeaders.RETRY_AFTER) == null) {
            exchange.getResponse()
                    .getHeaders()
                    .set(HttpHeaders.RETRY_AFTER, Long.toString(problem.retryAfterSeconds()));
        }
        return this.writer.get().handleResult(exchange, new HandlerResult(this.handler, entity, RETURN_TYPE));
    }
}
