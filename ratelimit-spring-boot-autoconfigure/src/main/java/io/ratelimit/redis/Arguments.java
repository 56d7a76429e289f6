package io.ratelimit.redis;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandArgs;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Evict;
import io.ratelimit.backend.Operation.Forgive;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Operation.Withdraw;
import java.util.List;

/**
 * Writes the arguments of a script, in the order that {@code arguments.lua} reads them. Names of operations, tickets and instances are
 * ASCII.
 */
final class Arguments {

    private final CommandArgs<byte[], byte[]> arguments = new CommandArgs<>(ByteArrayCodec.INSTANCE);

    Arguments(String script, byte[][] keys) {
        this.arguments.add(script).add(keys.length).addKeys(keys);
    }

    CommandArgs<byte[], byte[]> toCommandArgs() {
        return this.arguments;
    }

    Arguments add(byte[] value) {
        this.arguments.add(value);
        return this;
    }

    Arguments add(String ascii) {
        this.arguments.add(ascii);
        return this;
    }

    Arguments add(long value) {
        this.arguments.add(value);
        return this;
    }

    /** Returns how many tickets and permits an operation names. */
    static int ids(Operation<?> operation) {
        if (operation instanceof Renew renew) {
            return renew.permits().size() + renew.tickets().size();
        }
        return (operation instanceof Inspect || operation instanceof Update || operation instanceof Forgive) ? 0 : 1;
    }

    /** Adds the tickets and permits that operations name. */
    void addIds(List<Operation<?>> operations) {
        add(operations.stream().mapToInt(Arguments::ids).sum());
        operations.forEach(this::addIds);
    }

    private void addIds(Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            add(acquire.ticket());
        } else if (operation instanceof Release release) {
            add(release.permit());
        } else if (operation instanceof Cancel cancel) {
            add(cancel.ticket());
        } else if (operation instanceof Evict evict) {
            add(evict.permit());
        } else if (operation instanceof Withdraw withdraw) {
            add(withdraw.ticket());
        } else if (operation instanceof Renew renew) {
            renew.permits().forEach((permit) -> add(permit.permit()));
            renew.tickets().forEach((ticket) -> add(ticket.ticket()));
        }
    }

    /** Returns whether two acquisitions can be told in one: neither waits, and they take the same. */
    static boolean isOneRun(Acquire one, Acquire next) {
        return one.maxWaitMicros() == 0
                && next.maxWaitMicros() == 0
                && one.amounts().equals(next.amounts());
    }

    private static boolean isOneRun(Operation<?> one, Operation<?> next) {
        if (one instanceof Acquire acquire && next instanceof Acquire other) {
            return isOneRun(acquire, other);
        }
        return one instanceof Release && next instanceof Release;
    }

    /** Adds operations, but for the tickets and permits that they name. Several of a kind in a row are told in one. */
    void addAll(List<Operation<?>> operations) {
        int from = 0;
        for (int i = 1; i <= operations.size(); i++) {
            if (i == operations.size() || !isOneRun(operations.get(i - 1), operations.get(i))) {
                add(operations.get(from), i - from);
                from = i;
            }
        }
    }

    private void add(Operation<?> operation, int count) {
        if (operation instanceof Release) {
            add("release").add(count);
        } else if (operation instanceof Acquire acquire && acquire.maxWaitMicros() == 0) {
            add("acquire").add(count).add(acquire.amounts());
        } else if (operation instanceof Acquire acquire) {
            add("wait").add(acquire.maxWaitMicros()).add(acquire.priority()).add(acquire.maxQueue());
            add(acquire.amounts());
        } else if (operation instanceof Cancel cancel) {
            add("cancel").add(cancel.grantedAtMicros()).add(cancel.amounts());
        } else if (operation instanceof Withdraw withdraw) {
            add("withdraw").add(withdraw.amounts());
        } else if (operation instanceof Update update) {
            // a place in Lua counts from 1
            add("update").add(update.limit() + 1L).add(update.difference()).add(update.chargedAtMicros());
        } else if (operation instanceof Evict) {
            add("evict");
        } else if (operation instanceof Forgive) {
            add("forgive");
        } else if (operation instanceof Renew renew) {
            add("renew").add(renew.instance());
            add(renew.permits().size()).add(renew.tickets().size());
            renew.permits().forEach(this::add);
            renew.tickets().forEach(this::add);
        } else {
            add("inspect").add(((Inspect) operation).most());
        }
    }

    private void add(List<Long> amounts) {
        for (long amount : amounts) {
            add(amount);
        }
    }

    private void add(HeldPermit permit) {
        add(permit.fence()).add(permit.grantedAtMicros()).add(permit.leaseLeftMicros());
        add(permit.holdLeftMicros()).add(permit.amounts());
    }

    private void add(WaitingTicket ticket) {
        add(ticket.sequence()).add(ticket.priority()).add(ticket.waitLeftMicros());
        add(ticket.amounts());
    }
}
