package io.ratelimit.web.servlet;

import io.ratelimit.LimitStatus;
import io.ratelimit.aop.CallContext;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.ResponseEnd;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * A servlet request as the surroundings of a limited call.
 *
 * @param request the request
 * @param response the response, or {@code null} if it is not at hand
 * @param decisions where decisions go
 * @param addresses how clients are told apart
 */
record ServletCallContext(
        HttpServletRequest request,
        @Nullable HttpServletResponse response,
        RequestDecisions decisions,
        ClientAddress addresses)
        implements CallContext {

    private static final Log logger = LogFactory.getLog(ServletCallContext.class);

    @Override
    public @Nullable String ip() {
        return this.addresses.of(this.request.getRemoteAddr());
    }

    @Override
    public @Nullable String user() {
        Principal principal = this.request.getUserPrincipal();
        return (principal != null) ? principal.getName() : null;
    }

    @Override
    public @Nullable String header(String name) {
        return this.request.getHeader(name);
    }

    @Override
    public @Nullable String param(String name) {
        return this.request.getParameter(name);
    }

    @Override
    public void decided(String resource, List<LimitStatus> limits) {
        try {
            this.decisions.record(this.request, this.response, resource, limits);
        } catch (IllegalStateException ex) {
            logger.debug("The request was over before its limits were decided", ex);
        }
    }

    @Override
    public boolean afterResponse(Runnable action) {
        ResponseEnd end = ResponseEndFilter.of(this.request);
        if (end == null) {
            return false;
        }
        end.whenOver(action);
        return true;
    }
}
