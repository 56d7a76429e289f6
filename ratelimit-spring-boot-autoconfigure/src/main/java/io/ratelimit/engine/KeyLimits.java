package io.ratelimit.engine;

import io.ratelimit.Limit;
import io.ratelimit.LimitResolver;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ConcurrentLruCache;

/**
 * Asks the resolvers which limits hold for a key, and keeps in mind for a while what they say: for the {@value #MOST} resources and keys
 * that were acquired last. Resolvers are asked on threads of their own, once for all that wait for the same answer, and outside of all
 * locks. Thread-safe.
 */
final class KeyLimits {

    private static final Log logger = LogFactory.getLog(KeyLimits.class);

    private static final int MOST = 10_000;

    private static final int MOST_DEFINITIONS = 1_000;

    private static final int MOST_THREADS = 8;

    private static final Duration RETRY = Duration.ofSeconds(1);

    private static final long LOG_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final ResourceRegistry resources;

    private final List<LimitResolver> resolvers;

    private final long cacheNanos;

    private final LongSupplier nanoClock;

    private final ExecutorService threads = threads();

    private final ConcurrentLruCache<Id, Entry> entries = new ConcurrentLruCache<>(MOST, Entry::new);

    /** Equal limits are one object, by which whoever encodes or remembers them knows them again. */
    private final ConcurrentLruCache<ResourceDefinition, ResourceDefinition> definitions =
            new ConcurrentLruCache<>(MOST_DEFINITIONS, (definition) -> definition);

    private final AtomicLong nextLogNanos;

    /**
     * Makes one.
     *
     * @param resources what an operator has changed of them outranks the resolvers
     * @param resolvers who decides; the first that has anything to say counts
     * @param cache how long an answer counts; zero: it is asked for with every acquisition
     * @param nanoClock the monotonic time
     */
    KeyLimits(ResourceRegistry resources, List<LimitResolver> resolvers, Duration cache, LongSupplier nanoClock) {
        this.resources = resources;
        this.resolvers = List.copyOf(resolvers);
        this.cacheNanos = cache.toNanos();
        this.nanoClock = nanoClock;
        this.nextLogNanos = new AtomicLong(nanoClock.getAsLong());
    }

    /** Returns what holds for a key; the future does not fail, and is not to be cancelled. */
    CompletableFuture<Terms> of(ResourceDefinition definition, @Nullable String key) {
        if (key == null || !concern(definition)) {
            return CompletableFuture.completedFuture(Terms.of(definition));
        }
        Id id = new Id(definition.name(), key);
        CompletableFuture<Terms> known = this.entries.get(id).known(definition);
        // got anew: of two that are made at the same time only one is kept, and that one is to ask
        return (known != null) ? known : this.entries.get(id).ask(definition);
    }

    /** Returns whether the limits of a resource may differ from key to key. */
    boolean concern(ResourceDefinition definition) {
        for (LimitResolver resolver : this.resolvers) {
            if (resolver.concerns(definition.name())) {
                return true;
            }
        }
        return false;
    }

    /** Asks nobody any more. */
    void close() {
        this.threads.shutdown();
    }

    private List<Limit> resolve(Id id) {
        for (LimitResolver resolver : this.resolvers) {
            List<Limit> limits =
                    resolver.concerns(id.resource()) ? resolver.resolve(id.resource(), id.key()) : List.of();
            if (!limits.isEmpty()) {
                return limits;
            }
        }
        return List.of();
    }

    private Terms terms(ResourceDefinition definition, Resolved known) {
        ResourceDefinition resolved = ResolvedLimits.in(definition, known.limits());
        ResourceDefinition holding =
                this.resources.overrideOf(definition.name()).applyTo(resolved);
        // those of the resource as they are: they are known by being this very object
        return Terms.resolved(
                holding.equals(definition) ? definition : this.definitions.get(holding), known.sinceNanos());
    }

    private void failed(ResourceDefinition definition, Throwable failure, Terms instead) {
        long now = this.nanoClock.getAsLong();
        long next = this.nextLogNanos.get();
        if (now - next >= 0 && this.nextLogNanos.compareAndSet(next, now + LOG_PAUSE_NANOS)) {
            logger.warn(
                    "The limits of the resource '%s' for a key cannot be resolved; %s hold"
                            .formatted(
                                    definition.name(),
                                    instead.definition().equals(definition)
                                            ? "the resource's own"
                                            : "those known last"),
                    failure);
        }
    }

    private static ExecutorService threads() {
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                MOST_THREADS, MOST_THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), (task) -> {
                    Thread thread = new Thread(task, "ratelimit-resolver");
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    /**
     * What a resolver has said.
     *
     * @param limits the limits
     * @param sinceNanos when it was asked
     */
    private record Resolved(List<Limit> limits, long sinceNanos) {}

    private record Id(String resource, String key) {}

    /**
     * What is known of one resource and key.
     */
    private final class Entry {

        private final Id id;

        private @Nullable ResourceDefinition definition;

        private @Nullable Resolved last;

        private @Nullable CompletableFuture<Terms> current;

        private @Nullable CompletableFuture<Terms> underWay;

        private long untilNanos;

        Entry(Id id) {
            this.id = id;
        }

        /** Returns what is known and not too old, or {@code null}. A definition is made once and replaced when it changes. */
        @SuppressWarnings("ReferenceEquality")
        synchronized @Nullable CompletableFuture<Terms> known(ResourceDefinition of) {
            boolean fresh = KeyLimits.this.nanoClock.getAsLong() - this.untilNanos < 0;
            return (fresh && this.definition == of) ? this.current : null;
        }

        CompletableFuture<Terms> ask(ResourceDefinition of) {
            CompletableFuture<Terms> answer;
            synchronized (this) {
                CompletableFuture<Terms> known = known(of);
                if (known != null) {
                    return known;
                }
                if (this.underWay != null) {
                    return this.underWay;
                }
                answer = new CompletableFuture<>();
                this.underWay = answer;
            }
            try {
                KeyLimits.this.threads.execute(() -> resolve(of, answer));
            } catch (RejectedExecutionException ex) {
                answer.complete(unresolved(of)); // closed
            }
            return answer;
        }

        private void resolve(ResourceDefinition of, CompletableFuture<Terms> answer) {
            long sinceNanos = KeyLimits.this.nanoClock.getAsLong();
            try {
                Resolved resolved = new Resolved(KeyLimits.this.resolve(this.id), sinceNanos);
                Terms terms = terms(of, resolved);
                done(of, terms, resolved, sinceNanos + KeyLimits.this.cacheNanos);
                answer.complete(terms);
            } catch (RuntimeException | Error ex) {
                Terms terms = unresolved(of);
                failed(of, ex, terms);
                answer.complete(terms);
            }
        }

        private Terms unresolved(ResourceDefinition of) {
            long now = KeyLimits.this.nanoClock.getAsLong();
            Resolved known = last();
            if (known != null && isChanged(of)) {
                known = new Resolved(known.limits(), now); // by an operator, who outranks what others may know
            }
            Terms terms = lastKnown(of, known);
            done(of, terms, known, now + Math.min(RETRY.toNanos(), KeyLimits.this.cacheNanos));
            return terms;
        }

        private Terms lastKnown(ResourceDefinition of, @Nullable Resolved known) {
            if (known == null) {
                return Terms.unresolved(of);
            }
            try {
                return terms(of, known);
            } catch (IllegalArgumentException ex) {
                return Terms.resolved(
                        of, known.sinceNanos()); // it does not go together with what an operator has changed
            }
        }

        @SuppressWarnings("ReferenceEquality")
        private synchronized boolean isChanged(ResourceDefinition of) {
            return this.definition != of;
        }

        private synchronized @Nullable Resolved last() {
            return this.last;
        }

        private synchronized void done(
                ResourceDefinition of, Terms terms, @Nullable Resolved resolved, long freshUntilNanos) {
            this.definition = of;
            this.last = resolved;
            this.current = CompletableFuture.completedFuture(terms);
            this.untilNanos = freshUntilNanos;
            this.underWay = null;
        }
    }
}
