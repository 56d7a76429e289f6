package io.ratelimit.web.servlet;

import io.ratelimit.LimitStatus;
import io.ratelimit.aop.CallContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A servlet request as the surroundings of a limited call.
 *
 * @param request the request
 * @param response the response, or {@code null} if it is not at hand
 * @param decisions where decisions go
 */
record ServletCallContext(
        HttpServletRequest request, @Nullable HttpServletResponse response, RequestDecisions decisions)
        implements CallContext {

    @Override
    public @Nullable String ip() {
        String address = this.request.getRemoteAddr();
        return (address != null) ? ClientAddress.normalise(address) : null;
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
        this.decisions.record(this.request, this.response, resource, limits);
    }
}
