package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.Limit;
import io.ratelimit.WaitListener;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.engine.Waiter.Settled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The acquisitions of this instance that wait. None occupies a thread of ours, and none asks again: a waiter is told. Whatever settles
 * one first (its grant, its time, its caller, its backend) takes it out of here, so it is settled once. Thread-safe.
 */
final class Waiters implements GrantListener {

    private static final int MOST_PER_CALL = 128;

    private final Leases leases;

    private final HotKeys hotKeys;

    private final Listeners listeners;

    private final ScheduledExecutorService timers;

    private final Map<String, Waiter> byTicket = new ConcurrentHashMap<>();

    private final Map<Place, Line> lines = new ConcurrentHashMap<>();

    Waiters(Leases leases, HotKeys hotKeys, Listeners listeners, ScheduledExecutorService timers) {
        this.leases = leases;
        this.hotKeys = hotKeys;
        this.listeners = listeners;
        this.timers = timers;
    }

    /**
     * Asks, and waits if need be.
     *
     * @param acquisition what to acquire
     * @param where where
     * @param caller gives up the place in the queue when it is cancelled
     * @param conclusion makes the answer of how it is settled
     */
    CompletableFuture<Answer> ask(
            Acquisition acquisition, Place where, CompletableFuture<?> caller, Function<Settled, Answer> conclusion) {
        long askedNanos = this.leases.nanoTime();
        Waiter waiter = new Waiter(acquisition, where, askedNanos, conclusion);
        WaitListener wait = this.listeners.onMayWait(acquisition.definition().name());
        add(waiter); // before it asks: a grant may be told before the answer
        where.route().execute(where.partition(), waiter.acquire(askedNanos)).whenComplete((decision, failure) -> {
            if (failure != null) {
                fail(waiter, failure);
            } else if (decision instanceof Queued queued) {
                waits(waiter, queued, askedNanos, wait);
            } else {
                settle(waiter, new Settled(decision, askedNanos, false));
            }
        });
        caller.whenComplete((permit, failure) -> {
            if (caller.isCancelled()) {
                giveUp(waiter);
            }
        });
        return waiter.answer();
    }

    private void waits(Waiter waiter, Queued queued, long askedNanos, WaitListener wait) {
        waiter.waits(queued, askedNanos);
        Acquisition acquisition = waiter.acquisition();
        acquisition
                .storedKey()
                .ifPresent((key) -> this.hotKeys.waited(acquisition.definition().name(), key));
        Line line = this.lines.get(waiter.where());
        if (line == null || !waiter.isOpen()) {
            return; // its grant was told before this answer
        }
        wait.began();
        waiter.answer().whenComplete((answer, failure) -> wait.ended(outcome(answer, failure)));
        line.wakeIn(queued.status().wakeMicros());
        long leftNanos = waiter.acquisition().waitLeftNanos(this.leases.nanoTime());
        try {
            waiter.timeout(this.timers.schedule(() -> withdraw(waiter), leftNanos, TimeUnit.NANOSECONDS));
        } catch (RejectedExecutionException ex) {
            giveUp(waiter); // closed
        }
    }

    @Override
    public void granted(String ticket, Granted grant) {
        Waiter waiter = this.byTicket.get(ticket);
        if (waiter == null || waiter.isOutdated(grant)) {
            return; // given up, and what takes the grant back is on its way; or told after it has come to nothing
        }
        long passedNanos = this.leases.nanoTime() - waiter.ungrantedNanos();
        if (grant.leaseMicros() == 0 || passedNanos < TimeUnit.MICROSECONDS.toNanos(grant.leaseMicros())) {
            arrived(waiter, grant, waiter.ungrantedNanos());
        } else if (waiter.isQueued()) {
            renew(waiter.where(), List.of(waiter)); // told so late that the slots may be another's by now
        }
    }

    @Override
    public void turn(String ticket, Duration wait) {
        Waiter waiter = this.byTicket.get(ticket);
        Line line = (waiter != null) ? this.lines.get(waiter.where()) : null;
        if (line != null) {
            line.turnIn(wait);
        }
    }

    @Override
    public void missed() {
        // where the connection was lost, the state may be lost too: who holds comes back before who waits
        this.leases.renew();
        renew();
    }

    /** Gives a sign of life for all that wait: one call for up to 128 tickets of a partition. It tells what has been missed. */
    void renew() {
        List<Supplier<CompletionStage<?>>> calls = new ArrayList<>();
        this.lines.forEach((where, line) -> {
            List<Waiter> queued = line.queued();
            for (int from = 0; from < queued.size(); from += MOST_PER_CALL) {
                List<Waiter> some = queued.subList(from, Math.min(queued.size(), from + MOST_PER_CALL));
                calls.add(() -> renew(where, some));
            }
        });
        CallsInTurn.make(calls);
    }

    /** Ends the waiting at some places, with a {@link RecalledException}: those who wait there had better ask somewhere else. */
    void recall(Predicate<Place> where) {
        for (Waiter waiter : List.copyOf(this.byTicket.values())) {
            if (where.test(waiter.where()) && waiter.claim(false)) {
                remove(waiter);
                this.leases.abandon(waiter.acquisition(), waiter.where());
                tell(waiter, null, new RecalledException());
            }
        }
    }

    /** Renews the tickets of some waiters in one partition, or of none, which lets the queue go on. */
    private CompletionStage<?> renew(Place where, List<Waiter> all) {
        long sentNanos = this.leases.nanoTime();
        List<Waiter> waiters = all.stream().filter(Waiter::isOpen).toList(); // some may have been settled since
        List<WaitingTicket> tickets =
                waiters.stream().map((waiter) -> waiter.asWaiting(sentNanos)).toList();
        return where.route()
                .execute(where.partition(), new Renew(List.of(), tickets))
                .whenComplete((reply, failure) -> {
                    for (int i = 0; i < waiters.size(); i++) {
                        Waiter waiter = waiters.get(i);
                        if (!this.byTicket.containsKey(waiter.ticket())) {
                            overtaken(waiter);
                        } else if (reply != null) {
                            renewed(waiter, reply.tickets().get(i), sentNanos);
                        }
                    }
                    Line line = this.lines.get(where);
                    if (reply != null && line != null) {
                        line.wakeIn(reply.status().wakeMicros());
                    }
                });
    }

    /** It was settled while its renewal was under way, which may have queued its ticket again, or have been granted it. */
    private void overtaken(Waiter waiter) {
        if (!waiter.isGranted()) {
            this.leases.abandon(waiter.acquisition(), waiter.where());
        } else if (!this.leases.holds(waiter.ticket())) {
            this.leases.confirm(waiter.acquisition(), waiter.where());
        }
    }

    private void renewed(Waiter waiter, Decision decision, long sentNanos) {
        if (decision instanceof Queued queued) {
            waiter.waits(queued, sentNanos);
        } else if (decision instanceof Granted grant) {
            arrived(waiter, grant, sentNanos);
        } else {
            settle(waiter, new Settled(explained(waiter, (Refused) decision), sentNanos, true));
        }
    }

    /** The time is up: takes a grant that was on its way, or leaves. */
    private void withdraw(Waiter waiter) {
        if (!waiter.isOpen()) {
            return;
        }
        long sentNanos = this.leases.nanoTime();
        Place where = waiter.where();
        where.route().execute(where.partition(), waiter.withdraw()).whenComplete((decision, failure) -> {
            if (failure != null) {
                fail(waiter, failure);
            } else {
                renewed(waiter, decision, sentNanos);
            }
        });
    }

    /** What was in the way when it came is in the way no more, or not known: it is still why it had to wait. */
    private static Refused explained(Waiter waiter, Refused refused) {
        List<Limit> violated = refused.violated().isEmpty() ? waiter.obstacles() : refused.violated();
        return new Refused(violated, refused.retryAfter(), refused.status());
    }

    private void arrived(Waiter waiter, Granted grant, long sinceNanos) {
        boolean first = settle(waiter, new Settled(grant, sinceNanos, false));
        if (first && grant.leaseMicros() == 0) {
            this.leases.confirm(waiter.acquisition(), waiter.where());
        }
    }

    private boolean settle(Waiter waiter, Settled settled) {
        if (!waiter.claim(settled.decision() instanceof Granted)) {
            return false;
        }
        CompletableFuture<Answer> concluded = waiter.conclude(settled);
        remove(waiter);
        concluded.whenComplete((answer, failure) -> tell(waiter, answer, failure));
        return true;
    }

    private void fail(Waiter waiter, Throwable failure) {
        if (waiter.claim(false)) {
            remove(waiter);
            tell(waiter, null, failure);
        }
    }

    private void giveUp(Waiter waiter) {
        if (waiter.claim(false)) {
            remove(waiter);
            this.leases.abandon(waiter.acquisition(), waiter.where());
            tell(waiter, null, new CancellationException("The acquisition was cancelled"));
        }
    }

    private static AcquireOutcome outcome(@Nullable Answer answer, @Nullable Throwable failure) {
        if (answer != null) {
            return answer.outcome();
        }
        return (failure instanceof CancellationException) ? AcquireOutcome.CANCELLED : AcquireOutcome.ERROR;
    }

    private static void tell(Waiter waiter, @Nullable Answer answer, @Nullable Throwable failure) {
        if (failure != null) {
            waiter.answer().completeExceptionally(failure);
        } else {
            waiter.answer().complete(answer);
        }
    }

    /** Returns the places where somebody waits. */
    Set<Place> places() {
        return Set.copyOf(this.lines.keySet());
    }

    /** Gives up all places in queues. */
    void stop() {
        List.copyOf(this.byTicket.values()).forEach(this::giveUp);
    }

    int count() {
        return this.byTicket.size();
    }

    private void add(Waiter waiter) {
        this.byTicket.put(waiter.ticket(), waiter);
        this.lines.compute(waiter.where(), (where, known) -> {
            Line line = (known != null)
                    ? known
                    : new Line(this.timers, this.leases::nanoTime, () -> renew(where, List.of()));
            line.add(waiter);
            return line;
        });
    }

    private void remove(Waiter waiter) {
        this.byTicket.remove(waiter.ticket());
        this.lines.computeIfPresent(waiter.where(), (where, line) -> line.remove(waiter) ? null : line);
        waiter.stopTimeout();
    }
}
