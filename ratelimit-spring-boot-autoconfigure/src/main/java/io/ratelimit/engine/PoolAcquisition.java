package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException.Refusal;
import io.ratelimit.LimitPolicy;
import io.ratelimit.Permit;
import io.ratelimit.PoolDefinition;
import io.ratelimit.ResourceDefinition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One acquisition of a pool. It asks one member after the other, none of which lets it wait, until one grants it; members whose backend is
 * away are left for later. If none grants it, those that are away go by their own policy for that; then it is refused, goes on without, or waits at the member
 * that will be free first, and stays there. One step follows the other, so nothing here is shared.
 */
final class PoolAcquisition {

    private static final Comparator<Refused> SOONEST = Comparator.<Refused, Duration>comparing(
                    (refused) -> refused.refusal().retryAfter())
            .thenComparing((refused) -> refused.answer().queued());

    private final PoolDefinition pool;

    private final List<Acquisition> candidates;

    private final Predicate<ResourceDefinition> limiting;

    private final Acquirer acquirer;

    private final Supplier<String> tickets;

    private final CompletableFuture<Answer> caller;

    private final List<Refused> refused = new ArrayList<>();

    private final List<Away> away = new ArrayList<>();

    private @Nullable Throwable tooSmall;

    private volatile ResourceDefinition counted;

    /**
     * Makes one.
     *
     * @param pool the pool
     * @param candidates what to acquire of which member, in the order to ask them, at least one
     * @param limiting says whether a member's limits are not switched off
     * @param acquirer asks
     * @param tickets makes tickets: each asking has one of its own
     * @param caller is done when nobody wants the permit any more
     */
    PoolAcquisition(
            PoolDefinition pool,
            List<Acquisition> candidates,
            Predicate<ResourceDefinition> limiting,
            Acquirer acquirer,
            Supplier<String> tickets,
            CompletableFuture<Answer> caller) {
        this.pool = pool;
        this.candidates = candidates;
        this.limiting = limiting;
        this.acquirer = acquirer;
        this.tickets = tickets;
        this.caller = caller;
        this.counted = candidates.get(0).definition();
    }

    /** Returns the member that this counts for: that which granted it, or at which it waited, or that would be free first. */
    ResourceDefinition counted() {
        return this.counted;
    }

    CompletionStage<Answer> decide() {
        return each(this.candidates, 0, this::ask, this::whileAway);
    }

    /** Takes one step after the other until one comes to an answer; else goes on with what is to follow. */
    private <T> CompletionStage<Answer> each(
            List<T> steps,
            int index,
            Function<T, CompletionStage<@Nullable Answer>> step,
            Supplier<CompletionStage<Answer>> otherwise) {
        if (this.caller.isDone()) {
            return CompletableFuture.failedStage(new CancellationException("The acquisition was cancelled"));
        }
        if (index == steps.size()) {
            return otherwise.get();
        }
        return step.apply(steps.get(index))
                .thenCompose((answer) -> (answer != null)
                        ? CompletableFuture.completedStage(answer)
                        : each(steps, index + 1, step, otherwise));
    }

    private CompletionStage<@Nullable Answer> ask(Acquisition candidate) {
        this.counted = candidate.definition();
        if (!this.limiting.test(candidate.definition())) {
            return noted(candidate, Acquirer.bypassed(candidate));
        }
        Acquisition atOnce = candidate.atOnce();
        // who waits elsewhere for longer than a refusal is remembered must not go by what is remembered
        Answer known = candidate.waits() ? null : this.acquirer.knownRefusal(atOnce);
        return noted(
                candidate,
                (known != null) ? CompletableFuture.completedStage(known) : this.acquirer.attempt(atOnce, this.caller));
    }

    private CompletionStage<Answer> whileAway() {
        return each(List.copyOf(this.away), 0, this::whileAway, this::noneAtOnce);
    }

    private CompletionStage<@Nullable Answer> whileAway(Away member) {
        this.counted = member.candidate().definition();
        Acquisition again = member.candidate().with(this.tickets.get());
        return noted(again, this.acquirer.whileAway(again.atOnce(), this.caller, member.cause()));
    }

    private CompletionStage<Answer> noneAtOnce() {
        if (this.refused.isEmpty()) {
            return CompletableFuture.failedStage(
                    this.away.isEmpty()
                            ? this.tooSmall
                            : this.away.get(this.away.size() - 1).cause());
        }
        this.refused.sort(SOONEST);
        // an operator may have given the members different policies meanwhile
        Optional<Refused> observed = this.refused.stream()
                .filter((one) -> one.candidate().policy() == LimitPolicy.OBSERVE)
                .findFirst();
        if (observed.isPresent()) {
            return goOnWithout(observed.get());
        }
        List<Refused> queues =
                this.refused.stream().filter((one) -> one.candidate().waits()).toList();
        return each(queues, 0, this::waitAt, this::refusal);
    }

    private CompletionStage<Answer> goOnWithout(Refused observed) {
        this.counted = observed.candidate().definition();
        Permit permit = new FreePermit(observed.candidate(), observed.refusal().limits());
        return CompletableFuture.completedStage(Answer.of(permit, AcquireOutcome.OBSERVED));
    }

    /** Waits where it will be served first; where the queue is full, or its turn comes too late, the next is asked. */
    private CompletionStage<@Nullable Answer> waitAt(Refused at) {
        this.counted = at.candidate().definition();
        Acquisition waiting = at.candidate().with(this.tickets.get());
        return noted(waiting, this.acquirer.decide(waiting, this.caller));
    }

    private CompletionStage<Answer> refusal() {
        this.refused.sort(SOONEST);
        Refused soonest = this.refused.get(0);
        this.counted = soonest.candidate().definition();
        return CompletableFuture.completedStage(asOfPool(soonest.answer()));
    }

    /** Passes on what ends the acquisition, and keeps in mind whatever else a member says. */
    private CompletionStage<@Nullable Answer> noted(Acquisition asked, CompletionStage<Answer> said) {
        return said.handle((answer, failure) -> {
                    if (failure != null) {
                        return failed(asked, failure);
                    }
                    Refusal refusal = answer.refusal();
                    if (refusal != null && !refusal.timedOut()) {
                        this.refused.removeIf((known) -> known.isOf(asked.definition()));
                        this.refused.add(new Refused(asked, answer));
                        return nothing();
                    }
                    return CompletableFuture.<@Nullable Answer>completedStage(
                            (refusal != null) ? asOfPool(answer) : answer);
                })
                .thenCompose(Function.identity());
    }

    private CompletionStage<@Nullable Answer> failed(Acquisition asked, Throwable failure) {
        BackendUnavailableException unavailable = Route.unavailable(failure);
        Throwable cause = Acquirer.unwrap(failure);
        if (unavailable != null) {
            this.away.add(new Away(asked, unavailable));
        } else if (cause instanceof IllegalArgumentException) {
            this.tooSmall = cause; // the member goes by newer limits than are known here
        } else {
            return CompletableFuture.failedStage(cause);
        }
        return nothing();
    }

    private static CompletionStage<@Nullable Answer> nothing() {
        return CompletableFuture.completedStage(null);
    }

    private Answer asOfPool(Answer answer) {
        Refusal refusal = Objects.requireNonNull(answer.refusal());
        return Answer.of(
                new Refusal(
                        this.pool.name(),
                        refusal.violated(),
                        refusal.retryAfter(),
                        refusal.timedOut(),
                        refusal.queueFull(),
                        refusal.limits()),
                answer.queued());
    }

    private record Away(Acquisition candidate, BackendUnavailableException cause) {}

    private record Refused(Acquisition candidate, Answer answer) {

        boolean isOf(ResourceDefinition member) {
            return this.candidate.definition().name().equals(member.name());
        }

        Refusal refusal() {
            return Objects.requireNonNull(this.answer.refusal());
        }
    }
}
