package io.ratelimit.web.reactive;

import io.ratelimit.web.ResponseEnd;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A response that cancels what it is written from once it has ended. Spring's own does not where the client is gone just before the first
 * element: its {@code ChannelSendOperator} then ends with an error and leaves the source subscribed, so that its slots would be held for
 * good.
 */
final class EndingResponse extends ServerHttpResponseDecorator {

    private final ResponseEnd end;

    EndingResponse(ServerHttpResponse response, ResponseEnd end) {
        super(response);
        this.end = end;
    }

    @Override
    public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
        return super.writeWith(untilEnd(body));
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
        return super.writeAndFlushWith(untilEnd(body));
    }

    private <T> Publisher<T> untilEnd(Publisher<T> body) {
        if (body instanceof Mono) {
            return body; // is written without that operator
        }
        return Flux.from(body).takeUntilOther(Mono.create((sink) -> this.end.whenOver(sink::success)));
    }
}
