package io.ratelimit.web.reactive;

import io.ratelimit.LimitStatus;
import io.ratelimit.web.Decisions;
import io.ratelimit.web.RateLimitHeaders;
import java.util.List;
import org.springframework.web.server.ServerWebExchange;

/**
 * Keeps what was decided with the exchange, and tells the client at once: header fields cannot be set once the response is on its way.
 */
final class ExchangeDecisions {

    private static final String ATTRIBUTE = ExchangeDecisions.class.getName();

    private final RateLimitHeaders style;

    ExchangeDecisions(RateLimitHeaders style) {
        this.style = style;
    }

    void record(ServerWebExchange exchange, String resource, List<LimitStatus> limits) {
        Decisions decisions = of(exchange).with(resource, limits);
        exchange.getAttributes().put(ATTRIBUTE, decisions);
        if (!exchange.getResponse().isCommitted()) {
            this.style.fields(decisions).forEach(exchange.getResponse().getHeaders()::set);
        }
    }

    static Decisions of(ServerWebExchange exchange) {
        return exchange.getAttributeOrDefault(ATTRIBUTE, Decisions.NONE);
    }
}
