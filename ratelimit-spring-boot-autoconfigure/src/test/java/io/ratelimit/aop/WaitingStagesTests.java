package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitExceededException;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import io.ratelimit.annotation.ConcurrencyLimited;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import reactor.core.scheduler.Schedulers;

/** Methods that return a stage and whose calls wait without a thread. */
class WaitingStagesTests {

    private final LimitedApplication application = new LimitedApplication();

    private final CompletableFuture<String> work = new CompletableFuture<>();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Test
    void aCallThatWaitsReturnsAtOnceAndRunsLater() {
        CompletableFuture<String> result = call(() -> this.work);
        assertThat(this.application.events()).containsExactly("?waiting");

        this.application.limiter.answerNext();
        awaitEvents("?waiting", "+waiting", "body");
        assertThat(result).isNotDone();

        this.work.complete("done");
        assertThat(result.join()).isEqualTo("done");
        assertThat(this.application.events()).containsExactly("?waiting", "+waiting", "body", "-waiting");
    }

    @Test
    void theSlotIsFreeBeforeTheResultIsThere() {
        CompletableFuture<List<String>> seen =
                call(() -> this.work).thenApply((value) -> List.copyOf(this.application.events()));
        this.application.limiter.answerNext();
        awaitEvents("?waiting", "+waiting", "body");
        this.work.complete("done");
        assertThat(seen.join()).containsExactly("?waiting", "+waiting", "body", "-waiting");
    }

    @Test
    void theBodyNeverRunsOnTheThreadThatBringsTheGrant() {
        CompletableFuture<String> result = call(
                () -> CompletableFuture.completedFuture(Thread.currentThread().getName()));
        this.application.limiter.answerNext();
        assertThat(result.join()).startsWith("ratelimit-call-");
    }

    @Test
    void theContextOfTheCallerIsCarriedToTheBody() {
        ThreadLocal<String> context = new ThreadLocal<>();
        this.application.decorating((task) -> {
            String captured = Objects.requireNonNull(context.get());
            return () -> {
                context.set(captured);
                task.run();
            };
        });
        context.set("of the caller");
        CompletableFuture<String> result = call(() -> CompletableFuture.completedFuture(context.get()));
        this.application.limiter.answerNext();
        assertThat(result.join()).isEqualTo("of the caller");
    }

    @Test
    void theBodySeesItsPermits() {
        CompletableFuture<String> result = call(() -> CompletableFuture.completedFuture(
                Permits.current().stream().map(Permit::resource).toList().toString()));
        this.application.limiter.answerNext();
        assertThat(result.join()).isEqualTo("[waiting]");
    }

    @Test
    void cancellingWhileWaitingLeavesTheQueue() {
        assertThat(call(() -> this.work).cancel(true)).isTrue();
        assertThat(this.application.events()).containsExactly("?waiting", "%waiting");
        this.application.limiter.answerNext();
        assertThat(this.application.events()).containsExactly("?waiting", "%waiting");
    }

    @Test
    void cancellingWhileItWorksCancelsTheWorkAndFreesTheSlot() {
        CompletableFuture<String> result = call(() -> this.work);
        this.application.limiter.answerNext();
        awaitEvents("?waiting", "+waiting", "body");
        Awaitility.await().until(() -> this.work.getNumberOfDependents() > 0);
        result.cancel(true);
        assertThat(this.work).isCancelled();
        assertThat(this.application.events()).containsExactly("?waiting", "+waiting", "body", "-waiting");
    }

    @Test
    void workThatFailsFreesTheSlot() {
        CompletableFuture<String> result = call(() -> this.work);
        this.application.limiter.answerNext();
        this.work.completeExceptionally(new IllegalCallerException());
        assertThatThrownBy(result::get).hasCauseInstanceOf(IllegalCallerException.class);
        assertThat(this.application.events()).containsExactly("?waiting", "+waiting", "body", "-waiting");
    }

    @Test
    void aMethodThatThrowsFailsTheResultAndFreesTheSlot() {
        CompletableFuture<String> result = call(() -> {
            throw new IllegalCallerException();
        });
        this.application.limiter.answerNext();
        assertThatThrownBy(result::get).hasCauseInstanceOf(IllegalCallerException.class);
        assertThat(this.application.events()).containsExactly("?waiting", "+waiting", "body", "-waiting");
    }

    @Test
    void aWaitInVainFailsTheResult() {
        this.application.limiter.refuse("waiting");
        CompletableFuture<String> result = call(() -> this.work);
        this.application.limiter.answerNext();
        assertThatThrownBy(result::get)
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(LimitExceededException.class);
        assertThat(this.application.events()).containsExactly("?waiting", "!waiting");
    }

    @Test
    void aRefusalWithoutAWaitFailsTheResultToo() {
        this.application.limiter.refuse("slotted");
        CompletionStage<String> result = start().rejecting(() -> this.work);
        assertThat(result.toCompletableFuture()).isCompletedExceptionally();
        assertThatThrownBy(() -> result.toCompletableFuture().get()).hasCauseInstanceOf(LimitExceededException.class);
    }

    @Test
    void aFallbackAnswersAWaitInVain() {
        this.application.limiter.refuse("waiting");
        this.application.limiter.queue();
        CompletionStage<String> result = start().falling("x");
        this.application.limiter.answerNext();
        assertThat(result.toCompletableFuture().join()).isEqualTo("instead of x");
    }

    @Test
    void whatNeverWaitsRunsOnTheCallingThread() {
        assertThat(start().rejecting(() -> CompletableFuture.completedFuture(
                                Thread.currentThread().getName()))
                        .toCompletableFuture()
                        .join())
                .isEqualTo(Thread.currentThread().getName());
    }

    @Test
    void whatNeverWaitsDoesNotBlockAThreadThatMustNotBeBlocked() throws Exception {
        Work bean = start();
        this.application.limiter.queue();
        CompletionStage<String> result = CompletableFuture.supplyAsync(
                        () -> bean.rejecting(() -> this.work),
                        (task) -> Schedulers.parallel().schedule(task))
                .get(1, TimeUnit.MINUTES);
        assertThat(result.toCompletableFuture()).isNotDone();
        assertThat(this.application.events()).containsExactly("?slotted");
    }

    @Test
    void anAsynchronousMethodWaitsOnItsOwnThread() {
        this.application.limiter.queue();
        assertThat(this.application
                        .start(Asynchronous.class, AsyncConfiguration.class)
                        .bean(Asynchronous.class)
                        .call()
                        .join())
                .startsWith("SimpleAsyncTaskExecutor-");
        assertThat(this.application.events()).containsExactly("+waiting", "-waiting");
    }

    private CompletableFuture<String> call(Supplier<CompletionStage<String>> body) {
        this.application.limiter.queue();
        return start().waiting(() -> {
                    this.application.limiter.note("body");
                    return body.get();
                })
                .toCompletableFuture();
    }

    private Work start() {
        return this.application.start(Work.class).bean(Work.class);
    }

    private void awaitEvents(String... events) {
        Awaitility.await()
                .untilAsserted(() -> assertThat(this.application.events()).containsExactly(events));
    }

    static class Work {

        @ConcurrencyLimited("waiting")
        public CompletionStage<String> waiting(Supplier<CompletionStage<String>> body) {
            return body.get();
        }

        @ConcurrencyLimited("slotted")
        public CompletionStage<String> rejecting(Supplier<CompletionStage<String>> body) {
            return body.get();
        }

        @ConcurrencyLimited(name = "waiting", fallbackMethod = "instead")
        public CompletableFuture<String> falling(String text) {
            throw new AssertionError("refused");
        }

        CompletableFuture<String> instead(String text) {
            return CompletableFuture.completedFuture("instead of " + text);
        }
    }

    static class Asynchronous {

        @Async
        @ConcurrencyLimited("waiting")
        public CompletableFuture<String> call() {
            return CompletableFuture.completedFuture(Thread.currentThread().getName());
        }
    }

    @EnableAsync(proxyTargetClass = true)
    static class AsyncConfiguration {}
}
