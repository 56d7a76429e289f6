package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException.Refusal;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.engine.Waiter.Settled;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Carries out one acquisition: asks the backend, and goes by the resource's policies where it refuses or is away. Thread-safe.
 */
final class Acquirer {

    private final Route backend;

    private final Route memory;

    private final Shares shares;

    private final Partitions partitions;

    private final Leases leases;

    private final Waiters waiters;

    private final HotKeys hotKeys;

    private final Listeners listeners;

    Acquirer(
            Route backend,
            Route memory,
            Shares shares,
            Partitions partitions,
            Leases leases,
            Waiters waiters,
            HotKeys hotKeys,
            Listeners listeners) {
        this.backend = backend;
        this.memory = memory;
        this.shares = shares;
        this.partitions = partitions;
        this.leases = leases;
        this.waiters = waiters;
        this.hotKeys = hotKeys;
        this.listeners = listeners;
    }

    /** Returns where the partitions of a resource live. */
    Route route(ResourceDefinition definition) {
        return definition.perInstance() ? this.memory : this.backend;
    }

    /**
     * Acquires; cancelling the result leaves the queue, and undoes what has been or will be granted. What is known to be refused is
     * refused at once, at the cost of a look into memory.
     *
     * @param request what to acquire
     * @param tickets makes tickets: each asking has one of its own
     */
    CompletableFuture<Answer> acquire(Acquisition request, Supplier<String> tickets) {
        Place where = place(request);
        Answer known = knownRefusal(request, where);
        if (known != null) {
            Duration took = Duration.ofNanos(this.leases.nanoTime() - request.startNanos());
            this.listeners.onAnswer(request.definition().name(), known.outcome(), took);
            return CompletableFuture.completedFuture(known);
        }
        Acquisition acquisition = request.with(tickets.get());
        CompletableFuture<Answer> result = new CompletableFuture<>();
        conclude(result, decide(acquisition, where, result), acquisition::definition, acquisition.startNanos());
        return result;
    }

    private Place place(Acquisition acquisition) {
        return new Place(
                route(acquisition.definition()), this.partitions.shared(acquisition.terms(), acquisition.key()));
    }

    /** Returns the refusal that is known of without asking. */
    @Nullable
    Answer knownRefusal(Acquisition acquisition) {
        return knownRefusal(acquisition, place(acquisition));
    }

    private @Nullable Answer knownRefusal(Acquisition acquisition, Place where) {
        if (acquisition.waits() || where.route().isAway()) {
            return null;
        }
        Refused known = where.route().knownRefusal(where.partition(), acquisition.amounts());
        return (known != null) ? refused(acquisition, known, false) : null;
    }

    /**
     * Completes a result once it is decided, and tells the listeners.
     *
     * @param result what the caller has
     * @param decision what it comes to
     * @param counted the resource that it counts for, asked when it is decided
     * @param startNanos when it began
     */
    void conclude(
            CompletableFuture<Answer> result,
            CompletionStage<Answer> decision,
            Supplier<ResourceDefinition> counted,
            long startNanos) {
        decision.whenComplete((answer, failure) -> {
            Duration took = Duration.ofNanos(this.leases.nanoTime() - startNanos);
            String resource = counted.get().name();
            if (failure != null) {
                Throwable cause = unwrap(failure);
                this.listeners.onAnswer(resource, outcome(cause), took);
                result.completeExceptionally(cause);
            } else if (result.complete(answer)) {
                this.listeners.onAnswer(resource, answer.outcome(), took);
            } else {
                this.listeners.onAnswer(resource, AcquireOutcome.CANCELLED, took);
                answer.asOptional().ifPresent(this::undo);
            }
        });
    }

    /** Lets a call go on whose resource an operator has switched off. */
    CompletableFuture<Answer> bypass(Acquisition acquisition) {
        CompletableFuture<Answer> result = new CompletableFuture<>();
        conclude(result, bypassed(acquisition), acquisition::definition, acquisition.startNanos());
        return result;
    }

    static CompletionStage<Answer> bypassed(Acquisition acquisition) {
        Permit permit = new FreePermit(acquisition, List.of());
        return CompletableFuture.completedStage(Answer.of(permit, AcquireOutcome.BYPASSED));
    }

    /** Makes a permit as if it had never been acquired. */
    void undo(Permit permit) {
        if (permit instanceof GrantedPermit granted) {
            this.leases.undo(granted);
        } else {
            permit.close();
        }
    }

    /** Asks, and goes by the resource's policies where it refuses or its backend is away. */
    CompletionStage<Answer> decide(Acquisition acquisition, CompletableFuture<?> caller) {
        return decide(acquisition, place(acquisition), caller);
    }

    private CompletionStage<Answer> decide(Acquisition acquisition, Place where, CompletableFuture<?> caller) {
        return attempt(acquisition, where, caller).exceptionallyCompose((failure) -> {
            BackendUnavailableException unavailable = Route.unavailable(failure);
            return (unavailable != null)
                    ? whileAway(acquisition, caller, unavailable)
                    : CompletableFuture.failedStage(failure);
        });
    }

    /** Asks; fails with {@link BackendUnavailableException} if the backend is away, and nothing is held there then. */
    CompletionStage<Answer> attempt(Acquisition acquisition, CompletableFuture<?> caller) {
        return attempt(acquisition, place(acquisition), caller);
    }

    private CompletionStage<Answer> attempt(Acquisition acquisition, Place where, CompletableFuture<?> caller) {
        if (where.route().isAway()) {
            return CompletableFuture.failedStage(new BackendUnavailableException("The backend is away"));
        }
        return ask(acquisition, where, caller).whenComplete((answer, failure) -> {
            if (Route.isUnavailable(failure) && (acquisition.slots() > 0 || acquisition.waits())) {
                this.leases.abandon(acquisition, where);
            }
        });
    }

    private CompletionStage<Answer> ask(Acquisition acquisition, Place where, CompletableFuture<?> caller) {
        if (acquisition.waits()) {
            return this.waiters.ask(acquisition, where, caller, (settled) -> answer(acquisition, where, settled));
        }
        long sentNanos = this.leases.nanoTime();
        return where.route()
                .execute(where.partition(), new Acquire(acquisition.ticket(), acquisition.amounts()))
                .thenApply((decision) -> answer(acquisition, where, new Settled(decision, sentNanos, false)));
    }

    private Answer answer(Acquisition acquisition, Place where, Settled settled) {
        if (settled.decision() instanceof Granted granted) {
            GrantedPermit permit = new GrantedPermit(
                    acquisition,
                    where,
                    granted,
                    this.shares.fencingToken(where, granted.fence()),
                    this.leases,
                    settled.sinceNanos());
            this.leases.granted(permit);
            return Answer.of(permit, AcquireOutcome.ACQUIRED);
        }
        return refused(acquisition, (Refused) settled.decision(), settled.timedOut());
    }

    private Answer refused(Acquisition acquisition, Refused refused, boolean timedOut) {
        if (refused.violated().isEmpty()) {
            throw new CancellationException("The acquisition was cancelled");
        }
        acquisition
                .storedKey()
                .ifPresent(
                        (key) -> this.hotKeys.refused(acquisition.definition().name(), key));
        List<LimitStatus> limits = refused.status().limits();
        if (acquisition.policy() == LimitPolicy.OBSERVE) {
            return Answer.of(new FreePermit(acquisition, limits), AcquireOutcome.OBSERVED);
        }
        long queued = refused.status().queued();
        boolean queueFull = acquisition.waits()
                && !timedOut
                && queued >= acquisition.definition().maxQueue();
        Refusal refusal = new Refusal(
                acquisition.definition().name(), refused.violated(), refused.retryAfter(), timedOut, queueFull, limits);
        return Answer.of(refusal, queued);
    }

    /** Goes by what the resource says of the time while its backend is away. */
    CompletionStage<Answer> whileAway(
            Acquisition acquisition, CompletableFuture<?> caller, BackendUnavailableException cause) {
        ResourceDefinition definition = acquisition.definition();
        return switch (definition.onBackendFailure()) {
            case ALLOW -> bypassed(acquisition);
            case REJECT -> CompletableFuture.failedStage(unavailable(definition, cause));
            case LOCAL -> locally(acquisition, caller, cause);
        };
    }

    private CompletionStage<Answer> locally(
            Acquisition acquisition, CompletableFuture<?> caller, BackendUnavailableException cause) {
        Acquisition here = acquisition.again();
        return ask(here, this.shares.of(here), caller).exceptionallyCompose((failure) -> {
            Throwable reason = unwrap(failure);
            if (reason instanceof RecalledException) {
                return decide(here.again(), caller);
            }
            boolean aboveTheShare = reason instanceof IllegalArgumentException;
            return CompletableFuture.failedStage(
                    aboveTheShare ? unavailable(acquisition.definition(), cause) : failure);
        });
    }

    private static BackendUnavailableException unavailable(
            ResourceDefinition definition, BackendUnavailableException cause) {
        return new BackendUnavailableException(
                "The limits of the resource '%s' cannot be asked: %s".formatted(definition.name(), cause.getMessage()),
                cause);
    }

    private static AcquireOutcome outcome(Throwable failure) {
        return (failure instanceof CancellationException) ? AcquireOutcome.CANCELLED : AcquireOutcome.ERROR;
    }

    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure.getCause();
        return (failure instanceof CompletionException && cause != null) ? cause : failure;
    }
}
