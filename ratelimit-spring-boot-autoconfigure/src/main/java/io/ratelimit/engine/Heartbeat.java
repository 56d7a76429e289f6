package io.ratelimit.engine;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation.Inspect;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Beats every third of the shortest lease, used or idle: gives a sign of life, renews the leases and the tickets, and looks at the resources
 * without a key.
 */
final class Heartbeat {

    private static final Log logger = LogFactory.getLog(Heartbeat.class);

    private final String instance;

    private final ResourceRegistry resources;

    private final Overrides overrides;

    private final Acquirer acquirer;

    private final Route backend;

    private final Route memory;

    private final Shares shares;

    private final Partitions partitions;

    private final Leases leases;

    private final Waiters waiters;

    private final ScheduledExecutorService timers;

    private final Recovery recovery;

    /** Counts starts and stops, so that the beats of an earlier run end. */
    private final AtomicLong run = new AtomicLong();

    private volatile boolean running;

    Heartbeat(
            String instance,
            ResourceRegistry resources,
            Overrides overrides,
            Acquirer acquirer,
            Route backend,
            Route memory,
            Shares shares,
            Partitions partitions,
            Leases leases,
            Waiters waiters,
            ScheduledExecutorService timers) {
        this.instance = instance;
        this.resources = resources;
        this.overrides = overrides;
        this.backend = backend;
        this.memory = memory;
        this.shares = shares;
        this.acquirer = acquirer;
        this.partitions = partitions;
        this.leases = leases;
        this.waiters = waiters;
        this.timers = timers;
        this.recovery = new Recovery(backend::isAway, () -> giveSign(backend), timers);
        backend.watch(this::recover, this::beatSoon);
    }

    /** Beats now, and from now on. */
    void start() {
        this.backend.stopped(false);
        long own = this.run.incrementAndGet();
        this.running = true;
        if (this.backend.isAway()) {
            this.recovery.begin();
        }
        this.timers.execute(() -> beatOn(own));
    }

    /** Beats no more, and leaves the other instances. */
    CompletionStage<?> stop() {
        quit();
        return this.backend.heartbeat(this.instance, Duration.ZERO);
    }

    private void beatOn(long own) {
        if (own != this.run.get()) {
            return;
        }
        try {
            beat();
        } catch (RuntimeException | Error ex) {
            logger.warn("A heartbeat failed", ex);
        }
        scheduleNext(own);
    }

    /** Beats no more. */
    void quit() {
        this.backend.stopped(true);
        this.running = false;
        this.recovery.end();
        this.run.incrementAndGet();
    }

    /** Beats once. */
    void beat() {
        // what is changed at run time comes first: from then on definitions are stamped with the backend's time
        CompletionStage<Membership> here = (this.memory != this.backend) ? giveSign(this.memory) : null;
        CompletionStage<Membership> there = giveSign(this.backend);
        CompletionStage<?> sign = there.thenCompose((membership) -> this.overrides.refresh())
                .thenCompose((settings) -> there.thenAcceptBoth((here != null) ? here : there, this.partitions::learn));
        if (!this.backend.isAway()) {
            this.shares.handIn();
        }
        this.leases.renew();
        this.waiters.renew();
        if (!this.backend.isAway()) {
            this.waiters.recall(this.shares::isShare);
        }
        for (ResourceDefinition definition : this.resources.all()) {
            if (definition.key() == null && definition.perInstance()) {
                sample(definition);
            } else if (definition.key() == null) {
                // a backend that does not answer the heartbeat is not asked for more
                sign.thenRun(() -> sample(definition));
            }
        }
    }

    private CompletionStage<Membership> giveSign(Route to) {
        return to.heartbeat(this.instance, shortestLease());
    }

    private void recover() {
        if (this.running) {
            this.recovery.begin();
        }
    }

    /** The backend is back: what was put off is done now. */
    private void beatSoon() {
        try {
            this.timers.execute(() -> {
                if (this.running) {
                    beat();
                }
            });
        } catch (RejectedExecutionException ex) {
            logger.debug("No more heartbeats: stopped");
        }
    }

    private void sample(ResourceDefinition definition) {
        this.acquirer.route(definition).execute(this.partitions.shared(definition, null), new Inspect(0));
    }

    private void scheduleNext(long own) {
        try {
            this.timers.schedule(() -> beatOn(own), shortestLease().toNanos() / 3, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException ex) {
            logger.debug("No more heartbeats: stopped");
        }
    }

    private Duration shortestLease() {
        Duration shortest = this.resources.defaults().lease();
        for (ResourceDefinition definition : this.resources.all()) {
            for (var limit : definition.limits()) {
                if (limit instanceof ConcurrencyLimit slots && slots.lease().compareTo(shortest) < 0) {
                    shortest = slots.lease();
                }
            }
        }
        return shortest;
    }
}
