package io.ratelimit.engine;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Settings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;

/**
 * The way to one backend: notices whether it answers, and what its answers tell beside the answer. Thread-safe.
 */
final class Route {

    private static final Log logger = LogFactory.getLog(Route.class);

    private static final long LOG_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final LimitBackend backend;

    private final Listeners listeners;

    private final Breaker breaker;

    private final LongSupplier nanoClock;

    private final AtomicLong nextLogNanos;

    private volatile boolean saidAway;

    private volatile boolean stopped;

    Route(LimitBackend backend, Listeners listeners, LongSupplier nanoClock) {
        this.backend = backend;
        this.listeners = listeners;
        this.breaker = new Breaker(nanoClock);
        this.nanoClock = nanoClock;
        this.nextLogNanos = new AtomicLong(nanoClock.getAsLong());
    }

    /** Returns whether a new call may ask; while the backend is away, one is let through now and then. */
    boolean allows() {
        return this.breaker.allows();
    }

    /** Returns whether the backend is known to be away. */
    boolean isAway() {
        return this.breaker.isOpen();
    }

    <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
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

    CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        return this.backend.heartbeat(instance, lease).whenComplete((membership, failure) -> notice(failure));
    }

    CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
        return this.backend.settings(changes).whenComplete((settings, failure) -> notice(failure));
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
        if (partition.key() == null) {
            this.listeners.onSampled(partition.resource(), status.limits(), status.queued());
        }
    }

    private void notice(@Nullable Throwable failure) {
        if (failure == null || !isUnavailable(failure)) {
            if (this.breaker.succeeded() && this.saidAway) {
                this.saidAway = false;
                logger.info("The backend is back: limits hold across all instances again");
            }
        } else if (this.breaker.failed() && !this.stopped && mayLog()) {
            this.saidAway = true;
            logger.warn("The backend is away (%s): until it is back, each resource goes by its on-backend-failure"
                    .formatted(
                            NestedExceptionUtils.getMostSpecificCause(failure).getMessage()));
        }
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
