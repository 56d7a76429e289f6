package io.ratelimit.aop;

import io.ratelimit.Permit;
import io.ratelimit.Permits;
import java.util.List;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Work whose permits are current while it is subscribed to and asked for more, on the thread that does so. They are not while its
 * subscriber is told of something: that is no part of the work.
 *
 * @param work the work
 * @param permits its permits, innermost first
 */
record PermitsPublisher(Publisher<Object> work, List<Permit> permits) implements Publisher<Object> {

    @Override
    public void subscribe(Subscriber<? super Object> subscriber) {
        List<Permit> outside = Permits.current();
        try (Permits.Scope scope = Permits.replace(this.permits)) {
            this.work.subscribe(new Bordered(Operators.toCoreSubscriber(subscriber), outside));
        }
    }

    /** The border between the work and its subscriber. */
    private final class Bordered implements CoreSubscriber<Object>, Subscription {

        private final CoreSubscriber<? super Object> subscriber;

        private final List<Permit> outside;

        private volatile Subscription subscription = Operators.emptySubscription();

        Bordered(CoreSubscriber<? super Object> subscriber, List<Permit> outside) {
            this.subscriber = subscriber;
            this.outside = outside;
        }

        @Override
        public Context currentContext() {
            return this.subscriber.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
            outside(() -> this.subscriber.onSubscribe(this));
        }

        @Override
        public void onNext(Object value) {
            outside(() -> this.subscriber.onNext(value));
        }

        @Override
        public void onError(Throwable failure) {
            outside(() -> this.subscriber.onError(failure));
        }

        @Override
        public void onComplete() {
            outside(this.subscriber::onComplete);
        }

        @Override
        public void request(long count) {
            inside(() -> this.subscription.request(count));
        }

        @Override
        public void cancel() {
            inside(this.subscription::cancel);
        }

        private void inside(Runnable action) {
            try (Permits.Scope scope = Permits.replace(PermitsPublisher.this.permits)) {
                action.run();
            }
        }

        private void outside(Runnable action) {
            if (Permits.current() != PermitsPublisher.this.permits) {
                action.run();
                return;
            }
            try (Permits.Scope scope = Permits.replace(this.outside)) {
                action.run();
            }
        }
    }
}
