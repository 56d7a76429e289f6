package io.ratelimit.web.reactive;

import io.ratelimit.aop.CallContext;
import io.ratelimit.aop.ReactiveCallContextSource;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.RateLimitHeaders;
import java.security.Principal;
import java.util.Optional;
import org.springframework.web.filter.reactive.ServerWebExchangeContextFilter;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Takes the exchange in the Reactor context as the surroundings of a subscription, where {@link ExchangeFilter} or Spring's
 * {@link ServerWebExchangeContextFilter} has put it.
 *
 * <p>{@code ip} is the remote address of the request and nothing else: a header that a proxy adds counts only where the server has been
 * told to trust it ({@code server.forward-headers-strategy}). {@code param} finds query parameters; the form in a body is not read.
 *
 * <p>Each decision shows in the header fields of the response at once, together with those on other resources earlier in the same
 * request. One that comes when the response is committed is not shown.
 *
 * @since 0.1.0
 */
public final class ExchangeCallContextSource implements ReactiveCallContextSource {

    private final ExchangeDecisions decisions;

    private final ClientAddress addresses;

    /**
     * Makes a source.
     *
     * @param headers the header fields that tell how limits stand
     * @param addresses how clients are told apart
     */
    public ExchangeCallContextSource(RateLimitHeaders headers, ClientAddress addresses) {
        this.decisions = new ExchangeDecisions(headers);
        this.addresses = addresses;
    }

    @Override
    public Mono<CallContext> of(ContextView context) {
        return Mono.justOrEmpty(ServerWebExchangeContextFilter.getExchange(context))
                .flatMap((exchange) -> exchange.getPrincipal()
                        .map(Principal::getName)
                        .map(Optional::of)
                        .defaultIfEmpty(Optional.empty())
                        .map((user) -> surroundings(exchange, user)));
    }

    private CallContext surroundings(ServerWebExchange exchange, Optional<String> user) {
        return new ExchangeCallContext(exchange, user.orElse(null), this.decisions, this.addresses);
    }
}
