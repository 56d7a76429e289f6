package io.ratelimit.memory;

import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Evict;
import io.ratelimit.backend.Operation.Forgive;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Done;
import io.ratelimit.backend.Reply.Status;
import io.ratelimit.backend.Reply.Updated;
import io.ratelimit.memory.Admission.Drained;
import io.ratelimit.memory.Grants.Swept;
import io.ratelimit.memory.PermitRecord.Holder;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The state machine of one partition: what section by section the Lua of the Redis backend does, in Java. Both give the same
 * answers and notices to the same operations at the same times. Not thread-safe.
 *
 * <p>A call goes: what gives back, then what time takes back, then one drain of the queue, then what takes. So who waits is served before
 * who comes, and a slot goes to the next in line in the very call that gives it back.
 *
 * <p>Invariants, while no state is lost: the slots held are within the limit; the amount taken in any window is within the
 * limit; fencing tokens grow; grants are in the order of the queue.
 */
final class PartitionMachine {

    private static final Renew NOTHING = new Renew("", List.of(), List.of());

    private final Timeline time = new Timeline();

    private final Ledger ledger = new Ledger(this.time);

    private final Holders holders = new Holders(this.time);

    private final Grants grants = new Grants(this.time, this.ledger, this.holders);

    private final WaitingLine line = new WaitingLine(this.time, this.ledger);

    private final Admission admission = new Admission(this.time, this.ledger, this.grants, this.holders, this.line);

    private final Renewal renewal = new Renewal(this.time, this.ledger, this.grants, this.holders, this.line);

    private long stamp = -1;

    /** Returns from when on this machine is as if new, and can be dropped. */
    long idleAt() {
        return this.time.idleAt();
    }

    /** Returns whether nothing has ever been changed here. */
    boolean isNew() {
        return this.time.isNew();
    }

    /**
     * Carries out an operation, and whatever it gives rise to.
     *
     * @throws IllegalArgumentException if the operation can never succeed
     */
    Reply apply(Partition sender, Operation<?> operation, long clockMicros, Consumer<Notice> notices) {
        Pass first = pass(sender, operation, clockMicros, notices);
        boolean more = first.more();
        while (more) {
            more = pass(sender, NOTHING, clockMicros, notices).more();
        }
        return first.answer().with(first.status());
    }

    private Pass pass(Partition sender, Operation<?> operation, long clockMicros, Consumer<Notice> notices) {
        long lease = Micros.of(sender.lease());
        this.time.begin(clockMicros);
        adopt(sender);
        this.ledger.forgetPast();
        Optional<Answer<?>> given = give(sender, operation);
        Swept swept = this.grants.sweep(lease);
        this.line.forgetDeadInstances();
        Drained drained = this.admission.drain(lease);
        Answer<?> answer = given.orElseGet(() -> take(sender, operation));
        boolean more = swept.more() || drained.more();
        Optional<Notice> turn = more ? Optional.empty() : this.line.turn(operation instanceof Renew);
        this.time.end();
        // a reply tells what was taken back, and a notice does not: it is told once
        Status told = status(0);
        drained.grants()
                .forEach((grant) -> notices.accept(
                        new Notice.Grant(grant.ticket(), grant.answer().with(told))));
        turn.ifPresent(notices);
        return new Pass(answer, status(swept.reclaimed()), more);
    }

    /** Goes by the newest definition. */
    private void adopt(Partition sender) {
        if (sender.stampMicros() <= this.stamp) {
            return;
        }
        this.stamp = sender.stampMicros();
        if (!isNew()) {
            this.time.change();
        }
        if (!sender.limits().equals(this.ledger.limits())) {
            this.ledger.adopt(sender.limits());
            this.grants.retake();
            this.line.changeAmounts((amounts) -> amounts.askedOf(sender.limits()));
        }
    }

    /** Carries out what may give something back; empty for what does not. */
    private Optional<Answer<?>> give(Partition sender, Operation<?> operation) {
        if (operation instanceof Release release) {
            return Optional.of(release(release));
        }
        if (operation instanceof Cancel cancel) {
            return Optional.of(cancel(cancel, sender));
        }
        if (operation instanceof Evict evict) {
            this.grants.evict(this.holders.find(evict.permit()), evict.permit(), Micros.of(sender.lease()));
            return Optional.of((Answer<Done>) Done::new);
        }
        if (operation instanceof Forgive) {
            this.ledger.forgive();
            return Optional.of((Answer<Done>) Done::new);
        }
        if (operation instanceof Withdraw withdraw) {
            return Optional.of(withdraw(withdraw, sender));
        }
        if (operation instanceof Renew renew) {
            return Optional.of(this.renewal.renew(renew, sender));
        }
        if (operation instanceof Update update) {
            return Optional.of(update(update, sender));
        }
        return Optional.empty();
    }

    private Answer<?> take(Partition sender, Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            Amounts amounts = this.ledger.amounts(sender, acquire.amounts());
            long leaseMicros = Micros.of(sender.lease());
            return acquire.isNamed(sender.limits())
                    ? this.admission.acquire(acquire, amounts, leaseMicros)
                    : this.admission.acquireAnew(acquire, amounts, leaseMicros);
        }
        return inspect(((Inspect) operation).most());
    }

    private Answer<Done> release(Release release) {
        Optional<PermitRecord> known = this.holders.find(release.permit());
        if (known.orElse(null) instanceof Holder holder) {
            this.grants.release(holder);
        } else if (known.isEmpty()) {
            // granted, forgotten, queued again, and only now confirmed
            this.line.find(release.permit()).ifPresent(this.line::leave);
        }
        return Done::new;
    }

    private Answer<Done> cancel(Cancel cancel, Partition sender) {
        Amounts amounts = this.ledger.amounts(sender, cancel.amounts());
        Optional<PermitRecord> known = this.holders.find(cancel.ticket());
        Optional<Ticket> waiting = this.line.find(cancel.ticket());
        if (known.isPresent() && !(known.get() instanceof Holder)) {
            return Done::new;
        }
        if (known.orElse(null) instanceof Holder holder) {
            this.grants.undo(holder, amounts);
        } else if (waiting.isPresent()) {
            this.line.leave(waiting.get());
        } else if (cancel.grantedAtMicros() > 0) {
            this.ledger.refund(amounts, cancel.grantedAtMicros());
        }
        this.grants.bury(cancel.ticket(), Micros.of(sender.lease()));
        return Done::new;
    }

    private Answer<Updated> update(Update update, Partition sender) {
        long now = this.time.now();
        this.ledger.update(sender.limits().get(update.limit()), update.difference(), update.chargedAtMicros());
        return (status) -> new Updated(now, status);
    }

    private Answer<? extends Decision> withdraw(Withdraw withdraw, Partition sender) {
        Optional<PermitRecord> known = this.holders.find(withdraw.ticket());
        if (known.isPresent()) {
            return this.renewal.known(known.get(), Micros.of(sender.lease()));
        }
        this.line.find(withdraw.ticket()).ifPresent(this.line::leave);
        Obstacles obstacles = this.ledger.obstacles(this.ledger.amounts(sender, withdraw.amounts()));
        return Admission.refused(obstacles.limits(), obstacles.longestWaitMicros());
    }

    private Answer<Reply.Inspected> inspect(int most) {
        List<Holder> longestFirst = this.holders
                .all()
                .sorted(Comparator.comparingLong(Holder::fence).thenComparing(Holder::permit))
                .toList();
        List<Reply.Holder> shown =
                longestFirst.stream().limit(most).map(this::shown).toList();
        List<Reply.Waiter> waiters =
                this.line.inOrder().limit(most).map(this::shown).toList();
        return (status) -> new Reply.Inspected(longestFirst.size(), shown, waiters, status);
    }

    private Reply.Holder shown(Holder holder) {
        return new Reply.Holder(
                holder.permit(),
                holder.slots().values(),
                Math.max(0, this.time.now() - holder.grantedAt()),
                holder.end() - this.time.now());
    }

    private Reply.Waiter shown(Ticket ticket) {
        return new Reply.Waiter(
                ticket.id(),
                ticket.amounts().values(),
                ticket.priority(),
                Math.max(0, this.time.now() - ticket.sequence()));
    }

    private Status status(long reclaimed) {
        long wakeMicros = Math.min(this.holders.earliestEnd(), this.line.earliestEnd()) - this.time.now();
        return new Status(
                this.ledger.status(),
                this.line.size(),
                (this.line.size() > 0) ? Math.max(1, wakeMicros) : 0,
                reclaimed);
    }

    /**
     * One pass over the queue.
     *
     * @param answer the answer to its operation
     * @param status how the partition stood at its end
     * @param more whether it left something for another pass
     */
    private record Pass(Answer<?> answer, Status status, boolean more) {}
}
