package io.ratelimit.web.servlet;

import io.ratelimit.LimitStatus;
import io.ratelimit.web.Decisions;
import io.ratelimit.web.RateLimitHeaders;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what was decided with the request, where forwards, error dispatches and asynchronous dispatches find it again, and tells
 * the client at once: header fields cannot be set once the response is on its way.
 */
final class RequestDecisions {

    private static final String ATTRIBUTE = RequestDecisions.class.getName();

    private final RateLimitHeaders style;

    RequestDecisions(RateLimitHeaders style) {
        this.style = style;
    }

    Decisions record(
            HttpServletRequest request,
            @Nullable HttpServletResponse response,
            String resource,
            List<LimitStatus> limits) {
        Decisions decisions = of(request).with(resource, limits);
        request.setAttribute(ATTRIBUTE, decisions);
        if (response != null && !response.isCommitted()) {
            this.style.fields(decisions).forEach(response::setHeader);
        }
        return decisions;
    }

    static Decisions of(ServletRequest request) {
        return (request.getAttribute(ATTRIBUTE) instanceof Decisions decisions) ? decisions : Decisions.NONE;
    }
}
