package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.annotation.AnnotationDescription;
import net.bytebuddy.description.modifier.Visibility;
import net.bytebuddy.implementation.StubMethod;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.ResponseEntity;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.WebAsyncTask;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** How long a slot lasts. */
class SlotDurationTests {

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Nested
    class Plain {

        @Test
        void lastsUntilTheMethodReturns() {
            start().run(() -> {
                application.limiter.note("body");
                return null;
            });
            assertThat(application.events()).containsExactly("+slotted", "body", "-slotted");
        }

        @Test
        void lastsUntilTheMethodThrows() {
            Work work = start();
            assertThatThrownBy(() -> work.run(() -> {
                        throw new IllegalCallerException("from the body");
                    }))
                    .isInstanceOf(IllegalCallerException.class);
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }
    }

    @Nested
    class Stages {

        private final CompletableFuture<String> future = new CompletableFuture<>();

        @Test
        void lastUntilTheyComplete() {
            start().stage(this.future);
            assertThat(application.events()).containsExactly("+slotted");
            this.future.complete("done");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void lastUntilTheyFail() {
            start().stage(this.future);
            this.future.completeExceptionally(new IllegalCallerException());
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void lastUntilTheCallerCancelsThem() {
            CompletableFuture<String> returned = start().future(this.future);
            assertThat(returned).isSameAs(this.future);
            returned.cancel(false);
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void thatAreHiddenBehindObjectLastAsLong() {
            start().run(() -> this.future);
            assertThat(application.events()).containsExactly("+slotted");
            this.future.complete("done");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void thatAreCompleteAlreadyFreeTheSlotAtOnce() {
            assertThat(start().stage(CompletableFuture.completedStage("done"))).isCompleted();
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void thatAreNullFreeTheSlotAtOnce() {
            assertThat(start().stage(null)).isNull();
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }
    }

    @Nested
    class Unsupported {

        @ParameterizedTest
        @ValueSource(
                classes = {
                    PlainFuture.class,
                    Publishing.class,
                    MonoValue.class,
                    FluxOfRates.class,
                    CallableValue.class,
                    Task.class,
                    Deferred.class,
                    Streaming.class,
                    Sse.class,
                    StreamingEntity.class,
                    MonoEntity.class,
                    StageOfStreaming.class,
                    GenericChild.class
                })
        void typesStopTheApplication(Class<?> type) {
            LimitConfigurationException failure = LimitedApplication.failureOf(type);
            assertThat(failure.description())
                    .contains("call() returns a ")
                    .contains("whose work goes on after the method has returned");
            assertThat(failure.action()).contains("CompletableFuture");
        }

        @ParameterizedTest
        @ValueSource(classes = {RatedCallable.class, RatedFuture.class})
        void typesAreFineWhereNoSlotIsHeld(Class<?> type) {
            assertThat(application.start(type).context.getBean(type)).isNotNull();
        }

        @Test
        void kotlinSuspendFunctionsStopTheApplication() {
            ByteBuddy generator = new ByteBuddy();
            ClassLoader loader = getClass().getClassLoader();
            Class<?> continuation = generator
                    .makeInterface()
                    .name("kotlin.coroutines.Continuation")
                    .make()
                    .load(loader)
                    .getLoaded();
            Class<?> suspending = generator
                    .subclass(Object.class)
                    .name("sample.Suspending")
                    .defineMethod("call", Object.class, Visibility.PUBLIC)
                    .withParameter(continuation, "continuation")
                    .intercept(StubMethod.INSTANCE)
                    .annotateMethod(AnnotationDescription.Builder.ofType(RateLimited.class)
                            .define("value", "rated")
                            .build())
                    .make()
                    .load(continuation.getClassLoader())
                    .getLoaded();
            assertThat(LimitedApplication.failureOf(suspending).description())
                    .contains("sample.Suspending.call(Continuation) is a Kotlin suspend function");
        }

        @Test
        void valuesBehindObjectAreAClearError() {
            Work work = start();
            assertThatThrownBy(() -> work.run(() -> (StreamingResponseBody) (output) -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Work.run(Supplier)")
                    .hasMessageContaining("whose work goes on");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void bodiesBehindAnEntityAreAClearError() {
            Work work = start();
            assertThatThrownBy(() -> work.run(() -> ResponseEntity.ok(new SseEmitter())))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("SseEmitter");
        }

        @Test
        void plainBodiesBehindAnEntityAreFine() {
            assertThat(start().run(() -> ResponseEntity.ok("text"))).isEqualTo(ResponseEntity.ok("text"));
        }

        static class PlainFuture {

            @ConcurrencyLimited("slotted")
            public Future<String> call() {
                return CompletableFuture.completedFuture("");
            }
        }

        static class Publishing {

            @RateLimited("rated")
            public Flow.Publisher<String> call() {
                return (subscriber) -> {};
            }
        }

        static class MonoValue {

            @ConcurrencyLimited("slotted")
            public Mono<String> call() {
                return Mono.empty();
            }
        }

        static class FluxOfRates {

            @RateLimited("rated")
            public Flux<String> call() {
                return Flux.empty();
            }
        }

        static class CallableValue {

            @ConcurrencyLimited("slotted")
            public Callable<String> call() {
                return () -> "";
            }
        }

        static class Task {

            @ConcurrencyLimited("slotted")
            public WebAsyncTask<String> call() {
                return new WebAsyncTask<>(() -> "");
            }
        }

        static class Deferred {

            @ConcurrencyLimited("slotted")
            public DeferredResult<String> call() {
                return new DeferredResult<>();
            }
        }

        static class Streaming {

            @ConcurrencyLimited("slotted")
            public StreamingResponseBody call() {
                return (output) -> {};
            }
        }

        static class Sse {

            @ConcurrencyLimited("slotted")
            public SseEmitter call() {
                return new SseEmitter();
            }
        }

        static class StreamingEntity {

            @ConcurrencyLimited("slotted")
            public ResponseEntity<StreamingResponseBody> call() {
                return ResponseEntity.ok((output) -> {});
            }
        }

        static class MonoEntity {

            @RateLimited("rated")
            public ResponseEntity<Mono<String>> call() {
                return ResponseEntity.ok(Mono.empty());
            }
        }

        static class StageOfStreaming {

            @ConcurrencyLimited("slotted")
            public CompletionStage<StreamingResponseBody> call() {
                return CompletableFuture.completedStage((output) -> {});
            }
        }

        abstract static class GenericParent<T> {

            @ConcurrencyLimited("slotted")
            public T call() {
                return null;
            }
        }

        static class GenericChild extends GenericParent<Callable<String>> {}

        static class RatedCallable {

            @RateLimited("rated")
            public Callable<String> call() {
                return () -> "";
            }
        }

        static class RatedFuture {

            @RateLimited("rated")
            public Future<String> call() {
                return CompletableFuture.completedFuture("");
            }
        }
    }

    private Work start() {
        return this.application.start(Work.class).bean(Work.class);
    }

    static class Work {

        @ConcurrencyLimited("slotted")
        public Object run(Supplier<Object> body) {
            return body.get();
        }

        @ConcurrencyLimited("slotted")
        public CompletionStage<String> stage(CompletionStage<String> stage) {
            return stage;
        }

        @ConcurrencyLimited("slotted")
        public CompletableFuture<String> future(CompletableFuture<String> future) {
            return future;
        }
    }
}
