package io.ratelimit.engine;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.backend.Settings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;

/**
 * The way to one backend: notices whether it answers, and what its answers tell beside the answer. While the backend is away nothing but
 * signs of life gets through: all else fails at once. Thread-safe.
 */
final class Route {

    private static final Log logger = LogFactory.getLog(Route.class);

    private static final long LOG_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final LimitBackend backend;

    private final Listeners listeners;

    private final BiConsumer<Partition, Reply.Status> seen;

    private final Breaker breaker = new Breaker();

    private final LongSupplier nanoClock;

    private final AtomicLong nextLogNanos;

    private volatile Runnable away = () -> {};

    private volatile Runnable back = () -> {};

    private volatile boolean saidAway;

    private volatile boolean stopped;

    /**
     * Makes one.
     *
     * @param backend the backend
     * @param listeners told of failures, and of slots taken back
     * @param seen told how the partitions stand, by every answer
     * @param nanoClock the monotonic time
     */
    Route(LimitBackend backend, Listeners listeners, BiConsumer<Partition, Reply.Status> seen, LongSupplier nanoClock) {
        this.backend = backend;
        this.listeners = listeners;
        this.seen = seen;
        this.nanoClock = nanoClock;
        this.nextLogNanos = new AtomicLong(nanoClock.getAsLong());
    }

    /** Says what to do when the backend goes away, and when it is back. */
    void watch(Runnable away, Runnable back) {
        this.away = away;
        this.back = back;
    }

    /** Returns whether the backend is known to be away. */
    boolean isAway() {
        return this.breaker.isOpen();
    }

    <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
        if (isAway()) {
            return CompletableFuture.failedStage(new BackendUnavailableException("The backend is away"));
        }
        return this.backend.execute(partition, operation).whenComplete((reply, failure) -> {
            if (isUnavailable(failure)) {
                this.listeners.onBackendFailure(partition.resource(), failure);
            }
            notice(failure);
            if (reply != null) {
                arrived(partition, reply);
            }
        });
    }

    /** Returns the refusal that the backend knows of without asking. */
    @Nullable
    Refused knownRefusal(Partition partition, List<Long> amounts) {
        return this.backend.knownRefusal(partition, amounts);
    }

    CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        return this.backend.heartbeat(instance, lease).whenComplete((membership, failure) -> notice(failure));
    }

    CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
        return isAway()
                ? CompletableFuture.failedStage(new BackendUnavailableException("The backend is away"))
                : this.backend.settings(changes).whenComplete((settings, failure) -> notice(failure));
    }

    void listen(String instance, GrantListener listener) {
        this.backend.listen(instance, listener);
    }

    static boolean isUnavailable(@Nullable Throwable failure) {
        return unavailable(failure) != null;
    }

    static @Nullable BackendUnavailableException unavailable(@Nullable Throwable failure) {
        for (Throwable one = failure; one != null; one = one.getCause()) {
            if (one instanceof BackendUnavailableException unavailable) {
                return unavailable;
            }
        }
        return null;
    }

    private void arrived(Partition partition, Reply reply) {
        Reply.Status status = reply.status();
        if (status.reclaimed() > 0) {
            this.listeners.onLeasesReclaimed(partition.resource(), status.reclaimed());
        }
        this.seen.accept(partition, status);
    }

    private void notice(@Nullable Throwable failure) {
        if (failure == null || !isUnavailable(failure)) {
            if (this.breaker.succeeded()) {
                returned();
            }
        } else if (this.breaker.failed()) {
            left(failure);
        }
    }

    private void left(Throwable failure) {
        if (!this.stopped && mayLog()) {
            this.saidAway = true;
            logger.warn("The backend is away (%s): until it is back, each resource goes by its on-backend-failure"
                    .formatted(
                            NestedExceptionUtils.getMostSpecificCause(failure).getMessage()));
        }
        this.listeners.onBackendAvailable(false);
        this.away.run();
    }

    private void returned() {
        if (this.saidAway) {
            this.saidAway = false;
            logger.info("The backend is back: limits hold across all instances again");
        }
        this.listeners.onBackendAvailable(true);
        this.back.run();
    }

    /** What fails while the application stops is no news. */
    void stopped(boolean stopped) {
        this.stopped = stopped;
    }

    /** An unsteady backend writes one line in ten seconds, not one for every time it goes away. */
    private boolean mayLog() {
        long now = this.nanoClock.getAsLong();
        long next = this.nextLogNanos.get();
        return now - next >= 0 && this.nextLogNanos.compareAndSet(next, now + LOG_PAUSE_NANOS);
    }
}
