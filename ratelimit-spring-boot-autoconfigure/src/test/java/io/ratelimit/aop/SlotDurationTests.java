package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Stream;
import kotlin.coroutines.Continuation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.ResponseEntity;
import org.springframework.util.ReflectionUtils;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.WebAsyncTask;
import org.springframework.web.servlet.function.ServerResponse;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter;
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
    class UntilTheResponse {

        private final List<Runnable> atTheEnd = new ArrayList<>();

        private final CallContext request = new CallContext() {

            @Override
            public boolean afterResponse(Runnable action) {
                return UntilTheResponse.this.atTheEnd.add(action);
            }
        };

        @ParameterizedTest
        @ValueSource(
                strings = {"callable", "task", "deferred", "streaming", "emitter", "sse", "entity", "stage", "function"
                })
        void aSlotLastsWhereWhatIsReturnedWorksOn(String method) {
            call(method);
            assertThat(application.events()).containsExactly("+slotted");
            assertThat(this.atTheEnd).hasSize(1);
            this.atTheEnd.forEach(Runnable::run);
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @ParameterizedTest
        @ValueSource(strings = {"hidden", "hiddenEntity"})
        void aSlotLastsWhereTheTypeHidesIt(String method) {
            aSlotLastsWhereWhatIsReturnedWorksOn(method);
        }

        @ParameterizedTest
        @ValueSource(strings = {"nothing", "failing", "failingStage", "nullStage"})
        void aSlotIsFreeAtOnceWhereNothingWorksOn(String method) {
            try {
                call(method);
            } catch (IllegalCallerException ex) {
                application.limiter.note("failed");
            }
            assertThat(application.events()).startsWith("+slotted", "-slotted");
            this.atTheEnd.forEach(Runnable::run);
            assertThat(application.events().stream().filter("-slotted"::equals)).hasSize(1);
        }

        @Test
        void aCallInNoRequestIsAClearErrorBeforeItRuns() {
            Responses responses = application.start(Responses.class).bean(Responses.class);
            assertThatThrownBy(responses::callable)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Responses.callable()")
                    .hasMessageContaining("this call is in no request");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void ratesNeedNoRequest() {
            assertThat(application.start(Responses.class).bean(Responses.class).rated())
                    .isNotNull();
        }

        private void call(String method) {
            Responses responses =
                    application.within(this.request).start(Responses.class).bean(Responses.class);
            Method called = Objects.requireNonNull(ReflectionUtils.findMethod(Responses.class, method));
            ReflectionUtils.makeAccessible(called);
            ReflectionUtils.invokeMethod(called, responses);
        }

        static class Responses {

            @ConcurrencyLimited("slotted")
            public Callable<String> callable() {
                return () -> "";
            }

            @ConcurrencyLimited("slotted")
            public WebAsyncTask<String> task() {
                return new WebAsyncTask<>(() -> "");
            }

            @ConcurrencyLimited("slotted")
            public DeferredResult<String> deferred() {
                return new DeferredResult<>();
            }

            @ConcurrencyLimited("slotted")
            public StreamingResponseBody streaming() {
                return (output) -> {};
            }

            @ConcurrencyLimited("slotted")
            public ResponseBodyEmitter emitter() {
                return new ResponseBodyEmitter();
            }

            @ConcurrencyLimited("slotted")
            public SseEmitter sse() {
                return new SseEmitter();
            }

            @ConcurrencyLimited("slotted")
            public ResponseEntity<StreamingResponseBody> entity() {
                return ResponseEntity.ok((output) -> {});
            }

            @ConcurrencyLimited("slotted")
            public CompletionStage<StreamingResponseBody> stage() {
                return CompletableFuture.completedStage((output) -> {});
            }

            @ConcurrencyLimited("slotted")
            public ServerResponse function() {
                return ServerResponse.ok().build();
            }

            @ConcurrencyLimited("slotted")
            public Object hidden() {
                return new SseEmitter();
            }

            @ConcurrencyLimited("slotted")
            public ResponseEntity<?> hiddenEntity() {
                return ResponseEntity.ok(new SseEmitter());
            }

            @ConcurrencyLimited("slotted")
            public @Nullable Callable<String> nothing() {
                return null;
            }

            @ConcurrencyLimited("slotted")
            public SseEmitter failing() {
                throw new IllegalCallerException();
            }

            @ConcurrencyLimited("slotted")
            public CompletionStage<StreamingResponseBody> failingStage() {
                return CompletableFuture.failedStage(new IllegalCallerException());
            }

            @ConcurrencyLimited("slotted")
            public CompletionStage<@Nullable StreamingResponseBody> nullStage() {
                return CompletableFuture.completedStage(null);
            }

            @RateLimited("rated")
            public Callable<String> rated() {
                return () -> "";
            }
        }
    }

    @Nested
    class Unsupported {

        @ParameterizedTest
        @ValueSource(
                classes = {
                    PlainFuture.class,
                    LazyStream.class,
                    FutureEntity.class,
                    StageOfFuture.class,
                    MonoOfFlux.class,
                    StageOfMono.class,
                    GenericChild.class
                })
        void typesOfWhoseEndNobodyTellsStopTheApplication(Class<?> type) {
            LimitConfigurationException failure = LimitedApplication.failureOf(type);
            assertThat(failure.description())
                    .contains("call() returns a ")
                    .contains("and nobody tells when its work ends");
            assertThat(failure.action()).contains("CompletableFuture");
        }

        @ParameterizedTest
        @ValueSource(classes = {RatedFuture.class, RatedMonoOfFlux.class})
        void typesAreFineWhereNoSlotIsHeld(Class<?> type) {
            assertThat(application.start(type).context.getBean(type)).isNotNull();
        }

        @Test
        void kotlinSuspendFunctionsStopTheApplication() {
            assertThat(LimitedApplication.failureOf(Suspending.class).description())
                    .contains("Suspending.call(Continuation) is a Kotlin suspend function");
        }

        @Test
        void valuesBehindObjectAreAClearError() {
            Work work = start();
            assertThatThrownBy(() -> work.run(() -> (StreamingResponseBody) (output) -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Work.run(Supplier)")
                    .hasMessageContaining("this call is in no request");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void reactiveValuesBehindObjectAreAClearError() {
            Work work = start();
            assertThatThrownBy(() -> work.run(Mono::empty))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("returned a MonoEmpty behind another type");
            assertThat(application.events()).containsExactly("+slotted", "-slotted");
        }

        @Test
        void bodiesBehindAnEntityAreAClearError() {
            Work work = start();
            assertThatThrownBy(() -> work.run(() -> ResponseEntity.ok(new SseEmitter())))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("this call is in no request");
        }

        @Test
        void plainBodiesBehindAnEntityAreFine() {
            assertThat(start().run(() -> ResponseEntity.ok("text"))).isEqualTo(ResponseEntity.ok("text"));
        }

        static class LazyStream {

            @ConcurrencyLimited("slotted")
            public Stream<String> call() {
                return Stream.of("");
            }
        }

        static class PlainFuture {

            @ConcurrencyLimited("slotted")
            public Future<String> call() {
                return CompletableFuture.completedFuture("");
            }
        }

        /** As the Kotlin compiler writes it. */
        static class Suspending {

            @RateLimited("rated")
            public @Nullable Object call(Continuation<? super String> continuation) {
                return null;
            }
        }

        static class FutureEntity {

            @ConcurrencyLimited("slotted")
            public ResponseEntity<Future<String>> call() {
                return ResponseEntity.ok(CompletableFuture.completedFuture(""));
            }
        }

        static class StageOfFuture {

            @ConcurrencyLimited("slotted")
            public CompletionStage<Future<String>> call() {
                return CompletableFuture.completedStage(CompletableFuture.completedFuture(""));
            }
        }

        static class MonoOfFlux {

            @ConcurrencyLimited("slotted")
            public Mono<Flux<String>> call() {
                return Mono.just(Flux.empty());
            }
        }

        static class StageOfMono {

            @ConcurrencyLimited("slotted")
            public CompletionStage<Mono<String>> call() {
                return CompletableFuture.completedStage(Mono.empty());
            }
        }

        static class RatedMonoOfFlux {

            @RateLimited("rated")
            public Mono<Flux<String>> call() {
                return Mono.just(Flux.empty());
            }
        }

        abstract static class GenericParent<T> {

            @ConcurrencyLimited("slotted")
            public T call() {
                return null;
            }
        }

        static class GenericChild extends GenericParent<Future<String>> {}

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
