package io.ratelimit.redis;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandArgs;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
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
        return (operation instanceof Inspect) ? 0 : 1;
    }

    /** Adds the tickets and permits that an operation names. */
    void addIds(Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            add(acquire.ticket());
        } else if (operation instanceof Release release) {
            add(release.permit());
        } else if (operation instanceof Cancel cancel) {
            add(cancel.ticket());
        } else if (operation instanceof Withdraw withdraw) {
            add(withdraw.ticket());
        } else if (operation instanceof Renew renew) {
            renew.permits().forEach((permit) -> add(permit.permit()));
            renew.tickets().forEach((ticket) -> add(ticket.ticket()));
        }
    }

    /** Adds an operation, but for the tickets and permits that it names. */
    void add(Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            add("acquire").add(acquire.maxWaitMicros()).add(acquire.priority()).add(acquire.maxQueue());
            add(acquire.amounts());
        } else if (operation instanceof Release) {
            add("release");
        } else if (operation instanceof Cancel cancel) {
            add("cancel").add(cancel.grantedAtMicros()).add(cancel.amounts());
        } else if (operation instanceof Withdraw withdraw) {
            add("withdraw").add(withdraw.amounts());
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
