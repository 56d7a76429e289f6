package io.ratelimit.redis;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandArgs;
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
import java.util.List;

/**
 * Writes the arguments of a script, in the order that {@code arguments.lua} reads them. Tickets and instances are ASCII.
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
    static int ids(Partition partition, Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            return acquire.isNamed(partition.limits()) ? 1 : 0;
        }
        if (operation instanceof Renew renew) {
            return renew.permits().size() + renew.tickets().size();
        }
        return (operation instanceof Inspect || operation instanceof Update || operation instanceof Forgive) ? 0 : 1;
    }

    /** Adds what an instance wants of a partition. */
    void add(Partition partition, String limits, String instance, List<Operation<?>> operations) {
        int ids = 0;
        for (Operation<?> operation : operations) {
            ids += ids(partition, operation);
        }
        Operands operands = new Operands()
                .add(partition.stampMicros())
                .add(partition.limits().size())
                .add(partition.lease().toNanos() / 1_000)
                .add(ids)
                .addAll(partition, operations);
        add(limits).add(instance).add(operands.toBytes());
        for (Operation<?> operation : operations) {
            if (ids(partition, operation) > 0) {
                addIds(operation);
            }
        }
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
}
