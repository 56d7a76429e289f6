package io.ratelimit.engine;

import io.ratelimit.LimitListener;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitResolver;
import io.ratelimit.Limiter;
import io.ratelimit.NonBlockingThreads;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.LimitBackend;
import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * The limiter over a backend. Asynchronous at the core; it blocks only at the edge, in the methods that say so. Thread-safe.
 *
 * @since 0.1.0
 */
public final class LimiterEngine implements Limiter, AutoCloseable {

    private static final Log logger = LogFactory.getLog(LimiterEngine.class);

    private static final Duration LONGEST_STOP = Duration.ofSeconds(2);

    private final String instance = new BigInteger(60, new SecureRandom()).toString(Character.MAX_RADIX);

    private final ScheduledThreadPoolExecutor timers = timers();

    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    private final Leases leases;

    private final Waiters waiters;

    private final Acquirer acquirer;

    private final Requests requests;

    private final KeyLimits keyLimits;

    private final Heartbeat heartbeat;

    private final LimitOperations operations;

    /**
     * Makes an engine, which does nothing by itself before {@link #start()}.
     *
     * @param resources the resources that can be acquired
     * @param backend where the limits live that all instances share
     * @param memory where the limits live that are this instance's alone: those of resources that are
     *     {@linkplain ResourceDefinition#perInstance() per instance}, and the shares while the other backend is away; may be the
     *     same
     * @param listeners told of everything that happens
     */
    public LimiterEngine(
            ResourceRegistry resources, LimitBackend backend, LimitBackend memory, List<LimitListener> listeners) {
        this(resources, backend, memory, listeners, List.of(), Duration.ZERO);
    }

    /**
     * Makes an engine whose limits may differ from key to key.
     *
     * @param resources the resources that can be acquired
     * @param backend where the limits live that all instances share
     * @param memory where the limits live that are this instance's alone; may be the same
     * @param listeners told of everything that happens
     * @param resolvers asked which limits hold for a key; the first that has anything to say counts
     * @param resolverCache how long their answers count; zero: they are asked with every acquisition
     */
    public LimiterEngine(
            ResourceRegistry resources,
            LimitBackend backend,
            LimitBackend memory,
            List<LimitListener> listeners,
            List<LimitResolver> resolvers,
            Duration resolverCache) {
        this(resources, backend, memory, listeners, resolvers, resolverCache, System::nanoTime);
    }

    LimiterEngine(
            ResourceRegistry resources,
            LimitBackend backend,
            LimitBackend memory,
            List<LimitListener> listeners,
            LongSupplier nanoClock) {
        this(resources, backend, memory, listeners, List.of(), Duration.ZERO, nanoClock);
    }

    LimiterEngine(
            ResourceRegistry resources,
            LimitBackend backend,
            LimitBackend memory,
            List<LimitListener> listeners,
            List<LimitResolver> resolvers,
            Duration resolverCache,
            LongSupplier nanoClock) {
        this.keyLimits = new KeyLimits(resources, resolvers, resolverCache, nanoClock);
        PoolLoads loads = new PoolLoads(resources.pools().stream()
                .flatMap((pool) -> pool.resources().stream())
                .collect(Collectors.toSet()));
        Listeners all = new Listeners(
                resources.pools().isEmpty()
                        ? listeners
                        : Stream.concat(listeners.stream(), Stream.of(loads)).toList());
        Sightings sightings = new Sightings(nanoClock);
        Route shared = new Route(
                backend,
                all,
                (partition, status) -> {
                    all.onSampled(partition, status);
                    sightings.add(partition, status.limits());
                },
                nanoClock);
        Route own = (memory == backend) ? shared : new Route(memory, all, all::onSampled, nanoClock);
        Route alone = new Route(memory, all, (partition, status) -> {}, nanoClock);
        Partitions partitions = new Partitions(resources.defaults().lease(), nanoClock);
        HotKeys hotKeys = new HotKeys(nanoClock);
        this.leases = new Leases(all, nanoClock, this.timers);
        this.waiters = new Waiters(this.leases, hotKeys, all, this.timers);
        Shares shares = new Shares(shared, alone, partitions, this.leases, sightings);
        this.acquirer = new Acquirer(shared, own, shares, partitions, this.leases, this.waiters, hotKeys, all);
        this.requests = new Requests(resources, this.keyLimits, loads, this.acquirer, this.instance, nanoClock);
        RuntimeChanges changes = new RuntimeChanges(partitions, this.keyLimits, this.acquirer, this.waiters);
        Overrides overrides = new Overrides(shared, resources, changes::spread);
        this.heartbeat = new Heartbeat(
                this.instance,
                resources,
                overrides,
                this.acquirer,
                shared,
                own,
                shares,
                partitions,
                this.leases,
                this.waiters,
                this.timers);
        this.operations = new EngineOperations(
                this.instance, resources, shared, partitions, this.keyLimits, hotKeys, this.acquirer, overrides);
        Stream.of(shared, own).distinct().forEach((route) -> route.listen(this.instance, this.waiters));
    }

    /**
     * Starts the heartbeats. Returns at once; a backend that is away does no harm.
     */
    public void start() {
        this.heartbeat.start();
    }

    /**
     * Stops the heartbeats, ends all waiting, and waits, 2 seconds at most, until the backend has taken back the slots of closed permits
     * and the places in queues, and this instance has left. Permits of work that still runs keep their slots until the end of their lease. It can be started again.
     */
    public void stop() {
        this.waiters.stop();
        CompletableFuture<?> left = this.heartbeat.stop().toCompletableFuture();
        try {
            CompletableFuture.allOf(this.leases.settled(), left).get(LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException ex) {
            logger.debug("The backend did not hear that this instance leaves", ex);
        }
        if (this.leases.count() > 0) {
            logger.info("%d permits of work that still runs keep their slots until the end of their lease"
                    .formatted(this.leases.count()));
        }
    }

    /**
     * Ends the timers for good.
     */
    @Override
    public void close() {
        this.heartbeat.quit();
        this.waiters.stop();
        this.timers.shutdownNow();
        this.keyLimits.close();
    }

    @Override
    public Permit acquire(LimitRequest request) {
        NonBlockingThreads.check();
        Answer answer = await(this.requests.start(request, OwnPermits.ofThisThread()), this::undo);
        if (answer.refusal() != null && answer.refusal().timedOut()) {
            warnOfOwnPermits(request);
        }
        Permit permit = answer.orThrow();
        acquiredHere(permit);
        return permit;
    }

    @Override
    public Optional<Permit> tryAcquire(LimitRequest request) {
        NonBlockingThreads.check();
        return await(this.requests.start(request.maxWait(Duration.ZERO)), this::undo)
                .asOptional();
    }

    @Override
    public CompletableFuture<Permit> acquireAsync(LimitRequest request) {
        return acquireAsync(request, OwnPermits.NONE);
    }

    private CompletableFuture<Permit> acquireAsync(LimitRequest request, OwnPermits own) {
        CompletableFuture<Answer> answer;
        try {
            answer = this.requests.start(request, own);
        } catch (IllegalArgumentException | IllegalStateException ex) {
            return CompletableFuture.failedFuture(ex);
        }
        CompletableFuture<Permit> result = new CompletableFuture<>();
        result.whenComplete((permit, failure) -> {
            if (result.isCancelled()) {
                answer.cancel(true);
            }
        });
        answer.thenApply(Answer::orThrow).whenComplete((permit, failure) -> {
            if (failure != null) {
                result.completeExceptionally(failure instanceof CompletionException ? failure.getCause() : failure);
            } else if (!result.complete(permit)) {
                this.acquirer.undo(permit);
            }
        });
        return result;
    }

    @Override
    public List<Permit> acquireAll(List<LimitRequest> requests) {
        NonBlockingThreads.check();
        List<Permit> permits = await(acquireAll(requests, OwnPermits.ofThisThread()), this::undo);
        permits.forEach(LimiterEngine::acquiredHere);
        return permits;
    }

    @Override
    public CompletableFuture<List<Permit>> acquireAllAsync(List<LimitRequest> requests) {
        return acquireAll(requests, OwnPermits.NONE);
    }

    private CompletableFuture<List<Permit>> acquireAll(List<LimitRequest> requests, OwnPermits own) {
        CompletableFuture<List<Permit>> result = new CompletableFuture<>();
        acquireNext(List.copyOf(requests), own, new ArrayList<>(), result);
        return result;
    }

    private void acquireNext(
            List<LimitRequest> requests,
            OwnPermits own,
            List<Permit> acquired,
            CompletableFuture<List<Permit>> result) {
        if (acquired.size() == requests.size() || result.isDone()) {
            if (!result.complete(List.copyOf(acquired))) {
                undo(acquired);
            }
            return;
        }
        CompletableFuture<Permit> next = acquireAsync(requests.get(acquired.size()), own.and(acquired));
        result.whenComplete((permits, failure) -> {
            if (result.isCancelled()) {
                next.cancel(true);
            }
        });
        next.whenComplete((permit, failure) -> {
            if (failure != null) {
                undo(acquired);
                result.completeExceptionally(failure);
            } else {
                acquired.add(permit);
                acquireNext(requests, own, acquired, result);
            }
        });
    }

    private static void acquiredHere(Permit permit) {
        if (permit instanceof GrantedPermit granted) {
            granted.acquiredBy(Thread.currentThread());
        }
    }

    /** What is not certain before, as another thread might close them, is at least worth a word afterwards. */
    private void warnOfOwnPermits(LimitRequest request) {
        if (this.leases.heldBy(Thread.currentThread(), request.resource(), request.key())
                && this.warned.add(request.resource())) {
            logger.warn(
                    "A call waited in vain for the resource '%s', while its own thread held slots of it that it had acquired before. If no other thread gives them back, such a call waits for itself. It is not complained of again"
                            .formatted(request.resource()));
        }
    }

    private void undo(Answer answer) {
        answer.asOptional().ifPresent(this.acquirer::undo);
    }

    private void undo(List<Permit> acquired) {
        for (int i = acquired.size() - 1; i >= 0; i--) {
            this.acquirer.undo(acquired.get(i));
        }
    }

    /**
     * Returns what operators see of the limits of this engine, and change of them.
     *
     * @return the operations, the same ones each time
     */
    public LimitOperations operations() {
        return this.operations;
    }

    /** Beats once, now, on the calling thread, for tests. */
    void beat() {
        this.heartbeat.beat();
    }

    /** The edge where callers block. An interrupt counts, even where the answer comes in the same moment: what it brings is undone. */
    static <T> T await(CompletableFuture<T> future, Consumer<T> undo) {
        try {
            return future.get();
        } catch (InterruptedException ex) {
            if (!future.cancel(true) && !future.isCompletedExceptionally()) {
                undo.accept(future.join());
            }
            Thread.currentThread().interrupt();
            throw new CancellationException("Interrupted while acquiring a permit");
        } catch (ExecutionException ex) {
            if (ex.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(ex.getCause());
        }
    }

    private static ScheduledThreadPoolExecutor timers() {
        ScheduledThreadPoolExecutor timers = new ScheduledThreadPoolExecutor(1, (task) -> {
            Thread thread = new Thread(task, "ratelimit-heartbeat");
            thread.setDaemon(true);
            return thread;
        });
        timers.setRemoveOnCancelPolicy(true);
        return timers;
    }
}
