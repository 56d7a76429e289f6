package io.ratelimit.web.servlet;

import io.ratelimit.web.ResponseEnd;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;

/**
 * Knows when a response has ended, however that happens: its request returns, or its asynchronous work completes, fails, times out or finds
 * the client gone. Error dispatches and asynchronous dispatches belong to the response that they serve.
 *
 * @since 0.1.0
 */
public final class ResponseEndFilter implements Filter, Ordered {

    private static final String ATTRIBUTE = ResponseEndFilter.class.getName();

    /**
     * Makes a filter.
     */
    public ResponseEndFilter() {}

    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (of(request) != null) {
            chain.doFilter(request, response);
            return;
        }
        ResponseEnd end = new ResponseEnd();
        request.setAttribute(ATTRIBUTE, end);
        try {
            chain.doFilter(request, response);
        } finally {
            if (request.isAsyncStarted()) {
                request.getAsyncContext().addListener(new Completion(end));
            } else {
                end.over();
            }
        }
    }

    static @Nullable ResponseEnd of(ServletRequest request) {
        return (ResponseEnd) request.getAttribute(ATTRIBUTE);
    }

    /** A timeout or an error is not the end yet: something answers it, and then the request completes. */
    private record Completion(ResponseEnd end) implements AsyncListener {

        @Override
        public void onComplete(AsyncEvent event) {
            this.end.over();
        }

        @Override
        public void onTimeout(AsyncEvent event) {}

        @Override
        public void onError(AsyncEvent event) {}

        @Override
        public void onStartAsync(AsyncEvent event) {
            event.getAsyncContext().addListener(this);
        }
    }
}
