package io.ratelimit.web.servlet;

import io.ratelimit.LimitExceededException;
import io.ratelimit.web.LimitExceededHandler;
import io.ratelimit.web.LimitProblem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.util.ClassUtils;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.method.support.HandlerMethodReturnValueHandler;
import org.springframework.web.method.support.ModelAndViewContainer;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

/**
 * Lets a {@link LimitExceededHandler} answer, and writes its entity as Spring MVC writes that of a controller: with the same
 * converters, content negotiation and body advices.
 */
final class ReplacedAnswer {

    private static final Log logger = LogFactory.getLog(ReplacedAnswer.class);

    private static final MethodParameter RETURN_TYPE = new MethodParameter(
            ClassUtils.getMethod(
                    LimitExceededHandler.class, "handle", LimitExceededException.class, ProblemDetail.class),
            -1);

    private final LimitExceededHandler handler;

    private final Supplier<RequestMappingHandlerAdapter> adapter;

    ReplacedAnswer(LimitExceededHandler handler, Supplier<RequestMappingHandlerAdapter> adapter) {
        this.handler = handler;
        this.adapter = adapter;
    }

    /** Returns whether the client has been answered; if not, nothing was sent and the reason is logged. */
    boolean send(
            HttpServletRequest request,
            HttpServletResponse response,
            LimitExceededException refusal,
            LimitProblem problem) {
        try {
            write(this.handler.handle(refusal, problem.toProblemDetail()), request, response, problem);
            return true;
        } catch (HttpMediaTypeNotAcceptableException ex) {
            logger.debug("The client does not accept the body of the LimitExceededHandler", ex);
        } catch (Exception ex) {
            logger.warn("The LimitExceededHandler failed, or its body could not be written", ex);
        }
        return response.isCommitted();
    }

    private void write(
            ResponseEntity<?> entity, HttpServletRequest request, HttpServletResponse response, LimitProblem problem)
            throws Exception {
        if (entity.getHeaders().getFirst(HttpHeaders.RETRY_AFTER) == null) {
            response.setHeader(HttpHeaders.RETRY_AFTER, Long.toString(problem.retryAfterSeconds()));
        }
        writer().handleReturnValue(
                        entity, RETURN_TYPE, new ModelAndViewContainer(), new ServletWebRequest(request, response));
    }

    private HandlerMethodReturnValueHandler writer() {
        List<HandlerMethodReturnValueHandler> writers =
                Objects.requireNonNull(this.adapter.get().getReturnValueHandlers());
        return writers.stream()
                .filter((writer) -> writer.supportsReturnType(RETURN_TYPE))
                .findFirst()
                .orElseThrow();
    }
}
