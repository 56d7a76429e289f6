package io.ratelimit.web.servlet;

import io.ratelimit.aop.CallContext;
import io.ratelimit.aop.CallContextSource;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.RateLimitHeaders;
import org.jspecify.annotations.Nullable;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

/**
 * Takes the servlet request that the current thread is in as the surroundings of a call.
 *
 * <p>{@code ip} is {@link jakarta.servlet.ServletRequest#getRemoteAddr()} and nothing else: a header that a proxy adds counts only
 * where the server or a filter has been told to trust it ({@code server.forward-headers-strategy}). An IPv6 address is given in
 * one form whatever the client wrote, as {@link ClientAddress} says.
 *
 * <p>Each decision shows in the header fields of the response at once, together with those on other resources earlier in the same
 * request. One that comes when the response is committed is not shown.
 *
 * @since 0.1.0
 */
public final class ServletCallContextSource implements CallContextSource {

    private final RequestDecisions decisions;

    private final ClientAddress addresses;

    /**
     * Makes a source.
     *
     * @param headers the header fields that tell how limits stand
     * @param addresses how clients are told apart
     */
    public ServletCallContextSource(RateLimitHeaders headers, ClientAddress addresses) {
        this.addresses = addresses;
        this.decisions = new RequestDecisions(headers);
    }

    @Override
    public @Nullable CallContext current() {
        if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes attributes) {
            return new ServletCallContext(
                    attributes.getRequest(), attributes.getResponse(), this.decisions, this.addresses);
        }
        return null;
    }
}
