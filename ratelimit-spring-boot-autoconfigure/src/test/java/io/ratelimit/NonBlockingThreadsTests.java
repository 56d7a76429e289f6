package io.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.netty.channel.DefaultEventLoop;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.scheduler.Schedulers;

/** Threads that must not wait. */
class NonBlockingThreadsTests {

    private static final DefaultEventLoop LOOP = new DefaultEventLoop();

    static Stream<Executor> waiting() {
        return Stream.of(Runnable::run, Schedulers.boundedElastic()::schedule, new DefaultEventExecutor());
    }

    static Stream<Executor> neverWaiting() {
        return Stream.of(LOOP, Schedulers.parallel()::schedule, Schedulers.single()::schedule);
    }

    @ParameterizedTest
    @MethodSource("waiting")
    void threadsThatMayWaitMay(Executor executor) {
        assertThat(CompletableFuture.supplyAsync(NonBlockingThreads::isCurrent, executor)
                        .join())
                .isFalse();
    }

    @ParameterizedTest
    @MethodSource("neverWaiting")
    void acquiringOnOthersSaysWhatToDoInstead(Executor executor) {
        try (LimiterEngine engine = engine()) {
            List<Runnable> blocking = List.of(
                    () -> engine.acquire("pool"),
                    () -> engine.tryAcquire(LimitRequest.of("pool")),
                    () -> engine.acquireAll(List.of(LimitRequest.of("pool"))));
            for (Runnable call : blocking) {
                assertThat(CompletableFuture.runAsync(call, executor))
                        .failsWithin(java.time.Duration.ofSeconds(10))
                        .withThrowableThat()
                        .withCauseInstanceOf(IllegalStateException.class)
                        .withMessageContaining("must not be blocked")
                        .withMessageContaining("return a Mono, a Flux or a CompletableFuture")
                        .withMessageContaining("Limiter.acquireAsync");
            }
            assertThat(engine.operations().inspect("pool", null).join().holderCount())
                    .isZero();
        }
    }

    @Test
    void acquiringWithoutWaitingIsFineAnywhere() {
        try (LimiterEngine engine = engine()) {
            assertThatCode(() -> CompletableFuture.supplyAsync(() -> engine.acquireAsync(LimitRequest.of("pool")), LOOP)
                            .join()
                            .join()
                            .close())
                    .doesNotThrowAnyException();
        }
    }

    private static LimiterEngine engine() {
        MemoryBackend memory = new MemoryBackend();
        ResourceRegistry resources = new ResourceRegistry(
                ResourceDefaults.STANDARD, List.of(ResourceDefinition.of("pool", ConcurrencyLimit.of(5))));
        return new LimiterEngine(resources, memory, memory, List.of());
    }
}
