package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException.Refusal;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.engine.Waiter.Settled;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * Carries out one acquisition: asks the backend, and goes by the resource's policies where it refuses or is away. Thread-safe.
 */
final class Acquirer {

    private static final Set<AcquireOutcome> REFUSALS =
            EnumSet.of(AcquireOutcome.REJECTED, AcquireOutcome.TIMEOUT, AcquireOutcome.OBSERVED);

    private final Route backend;

    private final Route memory;

    private final Partitions partitions;

    private final Leases leases;

    private final Waiters waiters;

    private final HotKeys hotKeys;

    private final Listeners listeners;

    Acquirer(
            Route backend,
            Route memory,
            Partitions partitions,
            Leases leases,
            Waiters waiters,
            HotKeys hotKeys,
            Listeners listeners) {
        this.backend = backend;
        this.memory = memory;
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

    /** Acquires; cancelling the result leaves the queue, and undoes what has been or will be granted. */
    CompletableFuture<Answer> acquire(Acquisition acquisition) {
        CompletableFuture<Answer> result = new CompletableFuture<>();
        decide(acquisition, result).whenComplete((answer, failure) -> {
            if (failure != null) {
                Throwable cause = unwrap(failure);
                answered(acquisition, outcome(cause));
                result.completeExceptionally(cause);
            } else if (result.complete(answer)) {
                answered(acquisition, answer.outcome());
            } else {
                answered(acquisition, AcquireOutcome.CANCELLED);
                answer.asOptional().ifPresent(this::undo);
            }
        });
        return result;
    }

    /** Lets a call go on whose resource an operator has switched off. */
    CompletableFuture<Answer> bypass(Acquisition acquisition) {
        answered(acquisition, AcquireOutcome.BYPASSED);
        return CompletableFuture.completedFuture(
                Answer.of(new FreePermit(acquisition, List.of()), AcquireOutcome.BYPASSED));
    }

    /** Makes a permit as if it had never been acquired. */
    void undo(Permit permit) {
        if (permit instanceof GrantedPermit granted) {
            this.leases.undo(granted);
        } else {
            permit.close();
        }
    }

    private CompletionStage<Answer> decide(Acquisition acquisition, CompletableFuture<?> caller) {
        ResourceDefinition definition = acquisition.definition();
        Place where = new Place(route(definition), this.partitions.shared(definition, acquisition.key()));
        if (!where.route().allows()) {
            return whileAway(acquisition, caller, new BackendUnavailableException("The backend is away"));
        }
        return ask(acquisition, where, caller).exceptionallyCompose((failure) -> {
            BackendUnavailableException unavailable = Route.unavailable(failure);
            if (unavailable == null) {
                return CompletableFuture.failedStage(failure);
            }
            if (acquisition.slots() > 0 || acquisition.waits()) {
                this.leases.abandon(acquisition, where);
            }
            return whileAway(acquisition, caller, unavailable);
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
            GrantedPermit permit = new GrantedPermit(acquisition, where, granted, this.leases, settled.sinceNanos());
            this.leases.granted(permit);
            return Answer.of(permit, AcquireOutcome.ACQUIRED);
        }
        Refused refused = (Refused) settled.decision();
        if (refused.violated().isEmpty()) {
            throw new CancellationException("The acquisition was cancelled");
        }
        List<LimitStatus> limits = refused.status().limits();
        if (acquisition.policy() == LimitPolicy.OBSERVE) {
            return Answer.of(new FreePermit(acquisition, limits), AcquireOutcome.OBSERVED);
        }
        return Answer.of(new Refusal(
                acquisition.definition().name(), refused.violated(), refused.retryAfter(), settled.timedOut(), limits));
    }

    private CompletionStage<Answer> whileAway(
            Acquisition acquisition, CompletableFuture<?> caller, BackendUnavailableException cause) {
        ResourceDefinition definition = acquisition.definition();
        return switch (definition.onBackendFailure()) {
            case ALLOW ->
                CompletableFuture.completedStage(
                        Answer.of(new FreePermit(acquisition, List.of()), AcquireOutcome.BYPASSED));
            case REJECT -> CompletableFuture.failedStage(unavailable(definition, cause));
            case LOCAL -> locally(acquisition, caller, cause);
        };
    }

    private CompletionStage<Answer> locally(
            Acquisition acquisition, CompletableFuture<?> caller, BackendUnavailableException cause) {
        Partition share = this.partitions.share(acquisition.definition(), acquisition.key());
        return ask(acquisition.again(), new Place(this.memory, share), caller).exceptionallyCompose((failure) -> {
            boolean aboveTheShare = unwrap(failure) instanceof IllegalArgumentException;
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

    private void answered(Acquisition acquisition, AcquireOutcome outcome) {
        Duration took = Duration.ofNanos(this.leases.nanoTime() - acquisition.startNanos());
        this.listeners.onAnswer(acquisition.definition().name(), outcome, took);
        if (REFUSALS.contains(outcome)) {
            acquisition
                    .storedKey()
                    .ifPresent((key) ->
                            this.hotKeys.refused(acquisition.definition().name(), key));
        }
    }

    private static AcquireOutcome outcome(Throwable failure) {
        return (failure instanceof CancellationException) ? AcquireOutcome.CANCELLED : AcquireOutcome.ERROR;
    }

    private static Throwable unwrap(Throwable failure) {
        Throwable cause = failure.getCause();
        return (failure instanceof CompletionException && cause != null) ? cause : failure;
    }
}
