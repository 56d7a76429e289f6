package io.ratelimit.web.reactive;

import io.ratelimit.LimitStatus;
import io.ratelimit.aop.CallContext;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.ResponseEnd;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * An exchange as the surroundings of a limited call.
 *
 * @param exchange the exchange
 * @param user the name of its principal
 * @param decisions where decisions go
 * @param addresses how clients are told apart
 */
record ExchangeCallContext(
        ServerWebExchange exchange, @Nullable String user, ExchangeDecisions decisions, ClientAddress addresses)
        implements CallContext {

    @Override
    public @Nullable String ip() {
        InetSocketAddress remote = this.exchange.getRequest().getRemoteAddress();
        if (remote == null) {
            return null;
        }
        // what a forwarded header names is not resolved
        return this.addresses.of(
                remote.isUnresolved()
                        ? remote.getHostString()
                        : remote.getAddress().getHostAddress());
    }

    @Override
    public @Nullable String header(String name) {
        return this.exchange.getRequest().getHeaders().getFirst(name);
    }

    @Override
    public @Nullable String param(String name) {
        return this.exchange.getRequest().getQueryParams().getFirst(name);
    }

    @Override
    public void decided(String resource, List<LimitStatus> limits) {
        this.decisions.record(this.exchange, resource, limits);
    }

    @Override
    public boolean afterResponse(Runnable action) {
        ResponseEnd end = ExchangeFilter.endOf(this.exchange);
        if (end == null) {
            return false;
        }
        end.whenOver(action);
        return true;
    }
}
