package io.ratelimit.web.reactive;

import io.ratelimit.web.ResponseEnd;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.web.filter.reactive.ServerWebExchangeContextFilter;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Puts the exchange into the Reactor context, where limited methods find it, and knows when its response has ended: sent, failed, or the
 * client gone. It is the innermost filter, so that the principal is the one that security filters have found.
 */
public final class ExchangeFilter implements WebFilter, Ordered {

    private static final String END = ExchangeFilter.class.getName();

    /**
     * Makes a filter.
     */
    public ExchangeFilter() {}

    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        ResponseEnd end = new ResponseEnd();
        exchange.getAttributes().put(END, end);
        ServerWebExchange ending = exchange.mutate()
                .response(new EndingResponse(exchange.getResponse(), end))
                .build();
        return chain.filter(ending)
                .doFinally((signal) -> end.over())
                .contextWrite(
                        (context) -> context.put(ServerWebExchangeContextFilter.EXCHANGE_CONTEXT_ATTRIBUTE, ending));
    }

    static @Nullable ResponseEnd endOf(ServerWebExchange exchange) {
        return exchange.getAttribute(END);
    }
}
