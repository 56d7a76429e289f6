package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.Permit;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/**
 * Two instances on one machine behind a wire that the test steers. Time stands still, so what waits for a minute waits until the test is
 * over; a wait of {@link #MOMENT} is over as soon as the timer comes to it.
 */
abstract class WaitingEngines {

    static final Duration MOMENT = Duration.ofMillis(1);

    static final Duration LEASE = ConcurrencyLimit.DEFAULT_LEASE;

    static final ConcurrencyLimit ONE_SLOT = ConcurrencyLimit.of(1);

    static final RateLimit THREE_A_SECOND = RateLimit.of(3, Duration.ofSeconds(1));

    private static final List<ResourceDefinition> RESOURCES = List.of(
            blocking("slot", BackendFailurePolicy.REJECT, 1_000, ONE_SLOT),
            blocking("slots", BackendFailurePolicy.REJECT, 1_000, ConcurrencyLimit.of(2)),
            blocking("other", BackendFailurePolicy.REJECT, 1_000, ONE_SLOT),
            blocking("calls", BackendFailurePolicy.REJECT, 1_000, THREE_A_SECOND),
            blocking("drip", BackendFailurePolicy.REJECT, 1_000, RateLimit.of(1, Duration.ofMillis(20))),
            blocking("both", BackendFailurePolicy.REJECT, 1_000, THREE_A_SECOND, ONE_SLOT),
            blocking("long", BackendFailurePolicy.REJECT, 1_000, RateLimit.of(100, Duration.ofMinutes(1)), ONE_SLOT),
            blocking("local", BackendFailurePolicy.LOCAL, 1_000, ONE_SLOT),
            blocking("lenient", BackendFailurePolicy.ALLOW, 1_000, ONE_SLOT),
            blocking(
                    "held",
                    BackendFailurePolicy.REJECT,
                    1_000,
                    new ConcurrencyLimit("default", 1, LEASE, Duration.ofMinutes(1))),
            blocking("narrow", BackendFailurePolicy.REJECT, 2, ONE_SLOT));

    final MovableTime time = new MovableTime();

    final SteeredBackend backend = new SteeredBackend(this.time);

    final Answers answers = new Answers();

    /** The instance that waits in most tests. */
    final LimiterEngine here = engine(List.of(this.answers));

    /** The instance that holds what is waited for in most tests. */
    final LimiterEngine there = engine(List.of());

    static ResourceDefinition blocking(String name, BackendFailurePolicy onFailure, int maxQueue, Limit... limits) {
        return new ResourceDefinition(
                name,
                List.of(limits),
                null,
                LimitPolicy.BLOCK,
                Duration.ofMinutes(1),
                maxQueue,
                onFailure,
                false,
                false,
                Map.of());
    }

    private LimiterEngine engine(List<LimitListener> listeners) {
        return new LimiterEngine(
                new ResourceRegistry(ResourceDefaults.STANDARD, RESOURCES),
                this.backend,
                new MemoryBackend(() -> 1_000_000_000_000_000L + TimeUnit.NANOSECONDS.toMicros(this.time.getAsLong())),
                listeners,
                this.time);
    }

    @AfterEach
    void close() {
        this.here.close();
        this.there.close();
    }

    /** Begins to acquire here. */
    final CompletableFuture<Permit> ask(String resource) {
        return this.here.acquireAsync(LimitRequest.of(resource));
    }

    final CompletableFuture<Permit> ask(String resource, Duration maxWait) {
        return this.here.acquireAsync(LimitRequest.of(resource).maxWait(maxWait));
    }

    /** Begins to acquire here, and asserts that it has to wait. */
    final CompletableFuture<Permit> waitFor(String resource) {
        return waitFor(this.here, LimitRequest.of(resource));
    }

    /** Begins to acquire somewhere, and asserts that it has to wait. */
    final CompletableFuture<Permit> waitFor(LimiterEngine engine, LimitRequest request) {
        int before = queue(request.resource()).size();
        CompletableFuture<Permit> waiting = engine.acquireAsync(request);
        assertThat(waiting).isNotDone();
        assertThat(queue(request.resource())).hasSize(before + 1);
        return waiting;
    }

    final void beatBoth() {
        this.here.beat();
        this.there.beat();
    }

    /** Lets time pass as it does in health: nobody goes without a sign of life. */
    final void live(Duration duration) {
        Duration left = duration;
        while (left.compareTo(Duration.ZERO) > 0) {
            Duration step = (left.compareTo(LEASE.dividedBy(4)) > 0) ? LEASE.dividedBy(4) : left;
            this.time.advance(step);
            beatBoth();
            left = left.minus(step);
        }
    }

    final List<PartitionSnapshot.Waiter> queue(String resource) {
        return snapshot(resource).queue();
    }

    /** What the machine knows of a resource. As any call, the asking lets the queue go on. */
    final PartitionSnapshot snapshot(String resource) {
        return this.there.operations().inspect(resource, null).join();
    }

    final long used(String resource) {
        List<LimitStatus> limits = snapshot(resource).limits();
        return limits.get(limits.size() - 1).used();
    }

    /** Nothing is held, nobody waits, and nothing keeps the next call from being granted at once. */
    final void isFree(String resource) {
        PartitionSnapshot seen = snapshot(resource);
        assertThat(seen.queue()).isEmpty();
        assertThat(seen.holders()).isEmpty();
        assertThat(seen.limits().get(seen.limits().size() - 1).used()).isZero();
        assertThat(this.answers.slotsHeld.get()).isZero();
    }

    final <T> Stream<T> arrived(Class<T> type) {
        return this.backend.arrived().stream().filter(type::isInstance).map(type::cast);
    }

    final void holdBackMessages() {
        this.backend.holdBack(GrantListener.class);
    }

    /** Waits until something is held back on the wire. */
    final void isHeldBack(int count) {
        await().pollInterval(Duration.ofMillis(1)).until(() -> this.backend.heldBack() == count);
    }

    static Throwable failureOf(CompletableFuture<?> future) {
        Throwable failure = catchThrowable(future::join);
        return (failure instanceof CompletionException) ? failure.getCause() : failure;
    }

    static void isTimedOut(CompletableFuture<?> future) {
        assertThat(failureOf(future))
                .isInstanceOfSatisfying(
                        LimitExceededException.class,
                        (failure) -> assertThat(failure.timedOut()).isTrue());
    }

    static Permit granted(CompletableFuture<Permit> future) {
        assertThat(future).isCompleted();
        return future.join();
    }

    /**
     * A listener that keeps what it is told.
     */
    static final class Answers implements LimitListener {

        final List<AcquireOutcome> outcomes = new CopyOnWriteArrayList<>();

        final List<Duration> times = new CopyOnWriteArrayList<>();

        final AtomicLong slotsHeld = new AtomicLong();

        final AtomicLong lost = new AtomicLong();

        @Override
        public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
            this.times.add(took);
            this.outcomes.add(outcome);
        }

        @Override
        public void onGranted(String resource, long slots) {
            this.slotsHeld.addAndGet(slots);
        }

        @Override
        public void onEnded(String resource, long slots, Duration held) {
            this.slotsHeld.addAndGet(-slots);
        }

        @Override
        public void onLeaseLost(String resource) {
            this.lost.incrementAndGet();
        }
    }
}
