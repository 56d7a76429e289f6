package io.ratelimit.web.servlet;

import io.ratelimit.LimitExceededException;
import io.ratelimit.web.LimitExceededHandler;
import io.ratelimit.web.LimitFailures;
import io.ratelimit.web.LimitProblem;
import io.ratelimit.web.RateLimitHeaders;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

/**
 * Answers refusals with 429 and an unavailable backend with 503, as {@link LimitProblem} describes, whatever the handler produces
 * and the client accepts. It needs no message converter, so no JSON library; a {@link LimitExceededHandler} does.
 *
 * <p>It is asked before Spring MVC's own resolvers (its order is -1), so that an {@code @ExceptionHandler} of the application for
 * {@code Exception} or {@link java.util.concurrent.RejectedExecutionException} does not swallow a refusal. It stands back where
 * the {@code @ExceptionHandler} that Spring MVC would call names an exception of this library. What that one throws back is
 * answered by {@link #lastResort()}.
 *
 * @since 0.1.0
 */
public final class LimitExceptionResolver implements HandlerExceptionResolver, Ordered {

    private static final Log logger = LogFactory.getLog(LimitExceptionResolver.class);

    private static final int JUST_BEFORE_SPRING_MVC = -1;

    private final RequestDecisions decisions;

    private final ApplicationHandlers applicationHandlers;

    private final @Nullable ReplacedAnswer replacedAnswer;

    /**
     * Makes a resolver.
     *
     * @param headers the header fields that tell how limits stand
     * @param resolvers all resolvers of the application, asked for once the application runs
     * @param handler what replaces the answer to a refusal; {@code null}: nothing does
     * @param adapters the adapter that writes what the handler returns, asked for once the application runs
     */
    public LimitExceptionResolver(
            RateLimitHeaders headers,
            ObjectProvider<HandlerExceptionResolver> resolvers,
            @Nullable LimitExceededHandler handler,
            ObjectProvider<RequestMappingHandlerAdapter> adapters) {
        this.decisions = new RequestDecisions(headers);
        this.applicationHandlers = new ApplicationHandlers(resolvers::stream);
        this.replacedAnswer = (handler != null) ? new ReplacedAnswer(handler, adapters::getObject) : null;
    }

    @Override
    public int getOrder() {
        return JUST_BEFORE_SPRING_MVC;
    }

    @Override
    public @Nullable ModelAndView resolveException(
            HttpServletRequest request, HttpServletResponse response, @Nullable Object handler, Exception thrown) {
        RuntimeException failure = LimitFailures.find(thrown).orElse(null);
        if (failure == null || response.isCommitted()) {
            return null;
        }
        if (failure instanceof LimitExceededException refusal) {
            this.decisions.record(request, response, refusal.resource(), refusal.limits());
        }
        return this.applicationHandlers.askFor(thrown, handler) ? null : answer(request, response, failure);
    }

    /**
     * Returns a resolver that answers what all others have declined, the application's own included.
     *
     * @return a resolver with the lowest precedence
     */
    public HandlerExceptionResolver lastResort() {
        return new LastResort();
    }

    private ModelAndView answer(HttpServletRequest request, HttpServletResponse response, RuntimeException failure) {
        try {
            if (failure instanceof LimitExceededException refusal) {
                sendRefusal(request, response, refusal);
            } else {
                send(LimitProblem.unavailable(), response);
            }
        } catch (IOException ex) {
            logger.debug("The client has gone before it was answered", ex);
        }
        return new ModelAndView();
    }

    private void sendRefusal(HttpServletRequest request, HttpServletResponse response, LimitExceededException refusal)
            throws IOException {
        LimitProblem problem = LimitProblem.of(refusal, RequestDecisions.of(request));
        if (this.replacedAnswer == null || !this.replacedAnswer.send(request, response, refusal, problem)) {
            send(problem, response);
        }
    }

    private static void send(LimitProblem problem, HttpServletResponse response) throws IOException {
        byte[] body = problem.toJson();
        response.resetBuffer();
        response.setStatus(problem.status());
        response.setHeader(HttpHeaders.RETRY_AFTER, Long.toString(problem.retryAfterSeconds()));
        response.setContentType(LimitProblem.MEDIA_TYPE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private final class LastResort implements HandlerExceptionResolver, Ordered {

        @Override
        public int getOrder() {
            return LOWEST_PRECEDENCE;
        }

        @Override
        public @Nullable ModelAndView resolveException(
                HttpServletRequest request, HttpServletResponse response, @Nullable Object handler, Exception thrown) {
            return LimitFailures.find(thrown)
                    .filter((failure) -> !response.isCommitted())
                    .map((failure) -> answer(request, response, failure))
                    .orElse(null);
        }
    }
}
