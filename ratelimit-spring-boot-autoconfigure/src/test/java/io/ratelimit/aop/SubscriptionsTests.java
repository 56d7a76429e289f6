package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.DefaultEventLoop;
import io.ratelimit.LimitExceededException;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import io.ratelimit.ReactivePermits;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import io.reactivex.rxjava3.core.Completable;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Maybe;
import io.reactivex.rxjava3.core.Observable;
import io.reactivex.rxjava3.core.Single;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import kotlinx.coroutines.flow.FlowKt;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.FlowAdapters;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.util.ReflectionUtils;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** Methods that return a reactive type: acquired at each subscription, until its end. */
class SubscriptionsTests {

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Nested
    class EveryType {

        static Stream<String> types() {
            return Stream.of(
                    "mono",
                    "flux",
                    "publisher",
                    "single",
                    "maybe",
                    "completable",
                    "flowable",
                    "observable",
                    "flow",
                    "kotlinFlow");
        }

        @ParameterizedTest
        @MethodSource("types")
        void isAcquiredBySubscribingAndFreeAtTheEnd(String type) {
            Publisher<?> publisher = publisher(type);
            assertThat(application.events()).isEmpty();

            Flux.from(publisher)
                    .doOnTerminate(() -> application.limiter.note("told"))
                    .blockLast();
            assertThat(application.events()).containsExactly("+slotted", "body", "-slotted", "told");
            Flux.from(publisher).blockLast();
            assertThat(application.events())
                    .containsExactly("+slotted", "body", "-slotted", "told", "+slotted", "body", "-slotted");
        }

        @ParameterizedTest
        @MethodSource("types")
        void isRefusedToTheSubscriber(String type) {
            application.limiter.refuse("slotted");
            Publisher<?> publisher = publisher(type);
            assertThatThrownBy(() -> Flux.from(publisher).blockLast()).isInstanceOf(LimitExceededException.class);
            assertThat(application.events()).containsExactly("!slotted");
        }

        private Publisher<?> publisher(String type) {
            Types types = application.start(Types.class).bean(Types.class);
            Method method = Objects.requireNonNull(ReflectionUtils.findMethod(Types.class, type));
            ReflectionUtils.makeAccessible(method);
            Object returned = Objects.requireNonNull(ReflectionUtils.invokeMethod(method, types));
            return ReactiveAdapterRegistry.getSharedInstance()
                    .getAdapter(returned.getClass())
                    .toPublisher(returned);
        }
    }

    @Nested
    class Ends {

        @Test
        void anErrorFreesTheSlotBeforeTheSubscriberIsTold() {
            List<List<String>> told = new ArrayList<>();
            start().flux(() -> Flux.just("a").concatWith(Flux.error(new IllegalCallerException())))
                    .subscribe((value) -> {}, (failure) -> told.add(List.copyOf(application.events())));
            assertThat(told).containsExactly(List.of("+slotted", "-slotted"));
        }

        @Test
        void aMethodThatThrowsFailsTheSubscription() {
            Mono<String> mono = start().mono(() -> {
                throw new IllegalCallerException();
            });
            assertThatThrownBy(mono::block).isInstanceOf(IllegalCallerException.class);
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void aMethodThatReturnsNullIsEmpty() {
            assertThat(start().mono(() -> null).block()).isNull();
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void cancellingFreesTheSlotAfterTheWorkIsCancelled() {
            start().flux(() -> Flux.<String>never().doOnCancel(() -> application.limiter.note("cancelled")))
                    .subscribe()
                    .dispose();
            assertThat(application.events()).containsExactly("+slotted", "cancelled", "-slotted");
        }

        @Test
        void aTimeoutFreesTheSlot() {
            Mono<String> mono = start().mono(Mono::never).timeout(Duration.ofMillis(10));
            assertThatThrownBy(mono::block).hasCauseInstanceOf(TimeoutException.class);
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void aSubscriberThatHasEnoughFreesTheSlot() {
            assertThat(start().flux(() -> Flux.just("a", "b", "c"))
                            .take(1)
                            .collectList()
                            .block())
                    .containsExactly("a");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void aMonoSeesItsOwnEndAndNoCancellation() {
            List<SignalType> signals = new ArrayList<>();
            start().mono(() -> Mono.just("a").doFinally(signals::add)).block();
            assertThat(signals).containsExactly(SignalType.ON_COMPLETE);
        }

        @Test
        void everySubscriptionCallsTheMethodAnewWithItsArguments() {
            Mono<String> mono = start().counted("x");
            assertThat(mono.block()).isEqualTo("x1");
            assertThat(mono.block()).isEqualTo("x2");
        }

        @Test
        void signalsKeepTheirOrderAndDemandIsRespected() {
            List<Long> asked = new ArrayList<>();
            List<String> seen = new ArrayList<>();
            BaseSubscriber<String> slow = new BaseSubscriber<>() {
                @Override
                protected void hookOnSubscribe(Subscription subscription) {
                    request(2);
                }

                @Override
                protected void hookOnNext(String value) {
                    seen.add(value);
                }
            };
            start().flux(() -> Flux.just("a", "b", "c").hide().doOnRequest(asked::add))
                    .subscribe(slow);
            assertThat(seen).containsExactly("a", "b");
            assertThat(asked).containsExactly(2L);
            slow.request(5);
            assertThat(seen).containsExactly("a", "b", "c");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }
    }

    @Nested
    class Waiting {

        @Test
        void aSubscriptionWaitsWithoutAThreadAndGoesOnElsewhere() {
            Sinks.One<String> work = Sinks.one();
            AtomicReference<String> thread = new AtomicReference<>();
            Mono<String> waiting = waiting(() -> {
                thread.set(Thread.currentThread().getName());
                return work.asMono();
            });
            List<String> results = new ArrayList<>();
            waiting.subscribe(results::add);
            assertThat(application.events()).containsExactly("?slotted");

            application.limiter.answerNext();
            await().untilAsserted(() -> assertThat(thread.get()).startsWith("parallel-"));
            work.tryEmitValue("done");
            await().untilAsserted(() -> assertThat(results).containsExactly("done"));
            assertThat(application.events()).containsExactly("?slotted", "+slotted", "-slotted");
        }

        @Test
        void cancellingLeavesTheQueue() {
            waiting(Mono::never).subscribe().dispose();
            assertThat(application.events()).containsExactly("?slotted", "%slotted");
        }

        @Test
        void aTimeoutLeavesTheQueue() {
            Mono<String> mono = waiting(Mono::never).timeout(Duration.ofMillis(10));
            assertThatThrownBy(mono::block).hasCauseInstanceOf(TimeoutException.class);
            assertThat(application.events()).containsExactly("?slotted", "%slotted");
        }

        @Test
        void aWaitInVainIsTold() {
            application.limiter.refuse("slotted");
            AtomicReference<Throwable> failure = new AtomicReference<>();
            waiting(Mono::never).subscribe((value) -> {}, failure::set);
            application.limiter.answerNext();
            await().untilAsserted(() -> assertThat(failure.get()).isInstanceOf(LimitExceededException.class));
        }

        @Test
        void aGrantThatCrossesTheCancellationIsGivenBack() throws InterruptedException {
            Mono<String> waiting = waiting(Mono::never);
            for (int i = 0; i < 500; i++) {
                Thread cancelling = new Thread(waiting.subscribe()::dispose);
                cancelling.start();
                application.limiter.answerNext();
                cancelling.join();
            }
            await().untilAsserted(() -> assertThat(count("+slotted")).isEqualTo(count("-slotted") + count("~slotted")));
        }

        @Test
        void aGrantThatFindsTheEventLoopEndedIsGivenBack() throws InterruptedException {
            Mono<String> waiting = waiting(() -> Mono.just("done"));
            AtomicReference<Throwable> failure = new AtomicReference<>();
            DefaultEventLoop loop = new DefaultEventLoop();
            loop.submit(() -> waiting.subscribe((value) -> {}, failure::set)).await();
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).await();
            application.limiter.answerNext();
            await().untilAsserted(() -> assertThat(failure.get()).isInstanceOf(RejectedExecutionException.class));
            await().untilAsserted(
                            () -> assertThat(application.events()).containsExactly("?slotted", "+slotted", "-slotted"));
        }

        private long count(String event) {
            return application.events().stream().filter(event::equals).count();
        }

        private Mono<String> waiting(Supplier<Mono<String>> body) {
            Work work = start();
            application.limiter.queue();
            return work.mono(body);
        }

        private ConditionFactory await() {
            return Awaitility.await();
        }
    }

    @Nested
    class Context {

        @Test
        void theBodySeesTheReactorContextOfItsSubscriber() {
            assertThat(start().mono(() -> Mono.deferContextual((context) -> Mono.just(context.<String>get("who"))))
                            .contextWrite((context) -> context.put("who", "ada"))
                            .block())
                    .isEqualTo("ada");
        }

        @Test
        void theReactorContextHasThePermitsInnermostFirst() {
            Work work = start();
            Mono<List<String>> nested = Mono.from(work.mono(() -> work.other(() -> ReactivePermits.current()
                            .publishOn(Schedulers.single())
                            .flatMap((permits) -> ReactivePermits.current())
                            .map(SubscriptionsTests::names)
                            .map(Object::toString))))
                    .map(List::of);
            assertThat(nested.block()).containsExactly("[other, slotted]");
        }

        @Test
        void theThreadHasThemWhileTheBodyRunsAndIsSubscribedTo() {
            assertThat(start().mono(() -> {
                                String inTheMethod = names(Permits.current()).toString();
                                return Mono.fromCallable(() -> inTheMethod + names(Permits.current()));
                            })
                            .map((seen) -> seen + names(Permits.current()))
                            .block())
                    .isEqualTo("[slotted][slotted][]");
            assertThat(Permits.current()).isEmpty();
        }

        @Test
        void aFluxThatIsAskedForMoreHasThemToo() {
            List<String> seen = start().flux(() -> Flux.generate((sink) -> {
                        sink.next(names(Permits.current()).toString());
                    }))
                    .limitRate(1)
                    .take(3)
                    .collectList()
                    .block();
            assertThat(seen).containsExactly("[slotted]", "[slotted]", "[slotted]");
        }

        @Test
        void contextPropagationCarriesThemToOtherThreads() {
            Hooks.enableAutomaticContextPropagation();
            try {
                assertThat(start().mono(() -> Mono.just("")
                                        .publishOn(Schedulers.single())
                                        .map((value) -> names(Permits.current()).toString()))
                                .block())
                        .isEqualTo("[slotted]");
            } finally {
                Hooks.disableAutomaticContextPropagation();
            }
        }
    }

    @Nested
    class Answers {

        @Test
        void aFallbackOfTheSameTypeAnswersARefusal() {
            application.limiter.refuse("slotted");
            assertThat(start().falling("x").block()).isEqualTo("instead of x, refused by slotted");
        }

        @Test
        void aFallbackOfAFluxAnswersARefusal() {
            application.limiter.refuse("slotted");
            assertThat(start().fallingFlux().collectList().block()).containsExactly("a", "b");
        }

        @Test
        void aRefusalWithinTheBodyIsNotAnsweredByTheFallback() {
            application.limiter.refuse("other");
            Mono<String> mono = start().fallingOver();
            assertThatThrownBy(mono::block).isInstanceOf(LimitExceededException.class);
            assertThat(application.events()).containsExactly("+slotted", "!other", "-slotted");
        }

        @Test
        void aConditionThatIsFalseLimitsNothing() {
            assertThat(start().conditional(false).block()).isEqualTo("ran");
            assertThat(application.events()).isEmpty();
            assertThat(start().conditional(true).block()).isEqualTo("ran");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void aKeyThatCannotBeIsAnErrorOfTheSubscription() {
            Mono<String> mono = start().keyed(null);
            assertThatThrownBy(mono::block)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("cannot say whose share this call takes");
        }
    }

    private Work start() {
        if (!this.application.context.isActive()) {
            this.application.start(Work.class);
        }
        Work work = this.application.bean(Work.class);
        work.self(work);
        return work;
    }

    private static List<String> names(List<Permit> permits) {
        return permits.stream().map(Permit::resource).toList();
    }

    static class Work {

        private @Nullable Work self;

        private int count;

        public void self(Work self) {
            this.self = self;
        }

        @ConcurrencyLimited("slotted")
        public Mono<String> mono(Supplier<Mono<String>> body) {
            return body.get();
        }

        @ConcurrencyLimited("slotted")
        public Flux<String> flux(Supplier<Flux<String>> body) {
            return body.get();
        }

        @ConcurrencyLimited("other")
        public Mono<String> other(Supplier<Mono<String>> body) {
            return body.get();
        }

        @ConcurrencyLimited("slotted")
        public Mono<String> counted(String text) {
            this.count++;
            return Mono.just(text + this.count);
        }

        @ConcurrencyLimited(name = "slotted", condition = "#limited")
        public Mono<String> conditional(boolean limited) {
            return Mono.just("ran");
        }

        @RateLimited(name = "rated", key = "#key")
        public Mono<String> keyed(@Nullable String key) {
            return Mono.just("ran");
        }

        @ConcurrencyLimited(name = "slotted", fallbackMethod = "instead")
        public Mono<String> falling(String text) {
            return Mono.just(text);
        }

        Mono<String> instead(String text, LimitExceededException refusal) {
            return Mono.just("instead of " + text + ", refused by " + refusal.resource());
        }

        @ConcurrencyLimited(name = "slotted", fallbackMethod = "insteadOfFlux")
        public Flux<String> fallingFlux() {
            return Flux.just("c");
        }

        Flux<String> insteadOfFlux() {
            return Flux.just("a", "b");
        }

        @ConcurrencyLimited(name = "slotted", fallbackMethod = "never")
        public Mono<String> fallingOver() {
            return Objects.requireNonNull(this.self).other(() -> Mono.just("x"));
        }

        Mono<String> never() {
            return Mono.just("the wrong answer");
        }
    }

    static class Types {

        private final RecordingLimiter limiter;

        Types(RecordingLimiter limiter) {
            this.limiter = limiter;
        }

        @ConcurrencyLimited("slotted")
        public Mono<String> mono() {
            return Mono.just(body());
        }

        @ConcurrencyLimited("slotted")
        public Flux<String> flux() {
            return Flux.just(body());
        }

        @ConcurrencyLimited("slotted")
        public Publisher<String> publisher() {
            return Flux.just(body());
        }

        @ConcurrencyLimited("slotted")
        public Single<String> single() {
            return Single.just(body());
        }

        @ConcurrencyLimited("slotted")
        public Maybe<String> maybe() {
            return Maybe.just(body());
        }

        @ConcurrencyLimited("slotted")
        public Completable completable() {
            body();
            return Completable.complete();
        }

        @ConcurrencyLimited("slotted")
        public Flowable<String> flowable() {
            return Flowable.just(body());
        }

        @ConcurrencyLimited("slotted")
        public Observable<String> observable() {
            return Observable.just(body());
        }

        @ConcurrencyLimited("slotted")
        public Flow.Publisher<String> flow() {
            return FlowAdapters.toFlowPublisher(Flux.just(body()));
        }

        @ConcurrencyLimited("slotted")
        public kotlinx.coroutines.flow.Flow<String> kotlinFlow() {
            return FlowKt.flowOf(body());
        }

        private String body() {
            this.limiter.note("body");
            return "a";
        }
    }
}
