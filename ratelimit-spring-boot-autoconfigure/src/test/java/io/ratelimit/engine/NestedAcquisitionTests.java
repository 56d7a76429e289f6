package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** A thread that acquires while it holds. Entering permits is what an annotated call does. */
class NestedAcquisitionTests {

    private static final Duration MOMENT = Duration.ofMillis(1);

    private static final ResourceDefaults WAITING = new ResourceDefaults(
            Duration.ofSeconds(10), LimitPolicy.BLOCK, Duration.ofMinutes(1), 10, BackendFailurePolicy.LOCAL);

    private final LimiterEngine engine = new LimiterEngine(
            new ResourceRegistry(
                    WAITING,
                    List.of(
                            ResourceDefinition.of("one", WAITING, ConcurrencyLimit.of(1)),
                            ResourceDefinition.of("other", WAITING, ConcurrencyLimit.of(1)),
                            ResourceDefinition.of("three", WAITING, ConcurrencyLimit.of(3)),
                            ResourceDefinition.of(
                                    "taken-back",
                                    WAITING,
                                    new ConcurrencyLimit(
                                            "default", 1, Duration.ofSeconds(10), Duration.ofMinutes(1))))),
            new MemoryBackend(),
            new MemoryBackend(),
            List.of());

    @AfterEach
    void close() {
        this.engine.close();
    }

    private Permit acquire(String resource) {
        return this.engine.acquire(LimitRequest.of(resource));
    }

    private long waiting(String resource) {
        return this.engine.operations().inspect(resource, null).join().queued();
    }

    @Nested
    class ACertainWaitForItself {

        @Test
        void failsAtOnce() {
            try (Permit outer = acquire("one");
                    Permits.Scope scope = Permits.enter(List.of(outer))) {
                assertThatIllegalStateException()
                        .isThrownBy(() -> acquire("one"))
                        .withMessageStartingWith(
                                "A call would wait for itself: it asks for 1 of the 1 slots of the limit 'default' of the resource 'one', of which the calls around it on this thread hold 1 until it has returned.");
                assertThat(waiting("one")).isZero();
            }
            acquire("one").close();
        }

        @Test
        void isFoundThroughSeveralCalls() {
            Permit first = acquire("three");
            try (Permits.Scope outer = Permits.enter(List.of(first, acquire("other")))) {
                Permit second = acquire("three");
                try (Permits.Scope inner = Permits.enter(List.of(second))) {
                    assertThat(engine.acquire(LimitRequest.of("three").amount("default", 1))
                                    .isValid())
                            .isTrue();
                    assertThatIllegalStateException()
                            .isThrownBy(() ->
                                    engine.acquire(LimitRequest.of("three").amount("default", 2)))
                            .withMessageContaining("it asks for 2 of the 3 slots")
                            .withMessageContaining("hold 2");
                }
            }
        }

        @Test
        void isFoundWithinOneAcquisitionOfSeveral() {
            assertThatIllegalStateException()
                    .isThrownBy(() -> engine.acquireAll(List.of(LimitRequest.of("one"), LimitRequest.of("one"))));
            assertThat(engine.operations().inspect("one", null).join().holders())
                    .isEmpty();
            assertThat(engine.acquireAllAsync(List.of(LimitRequest.of("one"), LimitRequest.of("one"))))
                    .isCompletedExceptionally();
            assertThat(engine.operations().inspect("one", null).join().holders())
                    .isEmpty();
        }
    }

    @Nested
    class WhatMayComeToAnEndWaits {

        @Test
        void forAnotherHolder() {
            Permit theirs =
                    CompletableFuture.supplyAsync(() -> acquire("three")).join();
            Permit own = acquire("three");
            Permit third = CompletableFuture.supplyAsync(() -> acquire("three")).join();
            try (Permits.Scope scope = Permits.enter(List.of(own))) {
                CompletableFuture<Void> closing = closeOnceSomebodyWaits("three", theirs);
                assertThat(acquire("three").isValid()).isTrue();
                closing.join();
            }
            third.close();
        }

        @Test
        void forAPermitThatAnotherThreadCloses() {
            Permit handedOver = acquire("one");
            CompletableFuture<Void> closing = closeOnceSomebodyWaits("one", handedOver);
            assertThat(acquire("one").isValid()).isTrue();
            closing.join();
        }

        @Test
        void forAPermitThatThisThreadIsInButDidNotAcquire() {
            Permit handedOver =
                    CompletableFuture.supplyAsync(() -> acquire("one")).join();
            try (Permits.Scope scope = Permits.enter(List.of(handedOver))) {
                CompletableFuture<Void> closing = closeOnceSomebodyWaits("one", handedOver);
                assertThat(acquire("one").isValid()).isTrue();
                closing.join();
            }
        }

        @Test
        void forSlotsThatAreTakenBack() {
            try (Permits.Scope scope = Permits.enter(List.of(acquire("taken-back")))) {
                LimitExceededException refusal = catchThrowableOfType(
                        LimitExceededException.class,
                        () -> engine.acquire(LimitRequest.of("taken-back").maxWait(MOMENT)));
                assertThat(refusal.timedOut()).isTrue();
            }
        }

        @Test
        void forTheShareOfAnotherKey() {
            Permit outer = engine.acquire(LimitRequest.of("one").key("anna"));
            try (Permits.Scope scope = Permits.enter(List.of(outer))) {
                assertThat(engine.acquire(LimitRequest.of("one").key("bob")).isValid())
                        .isTrue();
            }
        }

        @Test
        void forNothingWhereTheOuterPermitIsClosed() {
            Permit outer = acquire("one");
            try (Permits.Scope scope = Permits.enter(List.of(outer))) {
                outer.close();
                assertThat(acquire("one").isValid()).isTrue();
            }
        }

        @Test
        void whoDoesNotWaitIsRefused() {
            try (Permits.Scope scope = Permits.enter(List.of(acquire("one")))) {
                assertThat(engine.tryAcquire(LimitRequest.of("one"))).isEmpty();
            }
        }

        private CompletableFuture<Void> closeOnceSomebodyWaits(String resource, Permit permit) {
            return CompletableFuture.runAsync(() -> {
                await().pollInterval(MOMENT).until(() -> waiting(resource) == 1);
                permit.close();
            });
        }
    }

    @Nested
    class AnyOrder {

        /** Two threads that nest in opposite orders may have to wait for each other, until the wait of one is over. */
        @Test
        void worksAndEndsWithTheWait() {
            Permit outer = acquire("one");
            AtomicReference<Throwable> failure = new AtomicReference<>();
            CompletableFuture<Void> opposite = CompletableFuture.runAsync(() -> {
                        try (Permit other = acquire("other")) {
                            acquire("one").close();
                        }
                    })
                    .exceptionally((ex) -> {
                        failure.set(ex);
                        return null;
                    });
            await().pollInterval(MOMENT).until(() -> waiting("one") == 1);

            assertThat(catchThrowableOfType(
                                    LimitExceededException.class,
                                    () -> engine.acquire(
                                            LimitRequest.of("other").maxWait(MOMENT)))
                            .timedOut())
                    .isTrue();
            outer.close();
            opposite.join();
            assertThat(failure.get()).isNull();
        }
    }

    @Nested
    @ExtendWith(OutputCaptureExtension.class)
    class AnUncertainWaitForItself {

        @Test
        void isToldOfOnceItWasInVain(CapturedOutput output) {
            try (Permit outer = acquire("one")) {
                for (int i = 0; i < 2; i++) {
                    assertThat(catchThrowable(
                                    () -> engine.acquire(LimitRequest.of("one").maxWait(MOMENT))))
                            .isInstanceOf(LimitExceededException.class);
                }
            }
            assertThat(output.toString().split("such a call waits for itself", -1))
                    .hasSize(2);
        }

        @Test
        void isNotSuspectedOfOtherThreads(CapturedOutput output) {
            Permit theirs = CompletableFuture.supplyAsync(() -> acquire("one")).join();
            assertThat(catchThrowable(
                            () -> engine.acquire(LimitRequest.of("one").maxWait(MOMENT))))
                    .isInstanceOf(LimitExceededException.class);
            theirs.close();
            assertThat(output).doesNotContain("waits for itself");
        }
    }
}
