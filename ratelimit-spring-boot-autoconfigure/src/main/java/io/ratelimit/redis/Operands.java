package io.ratelimit.redis;

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
import io.ratelimit.backend.Partition;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Packs operations as numbers, the way {@code arguments.lua} reads them: one argument, since each further one costs Redis more than
 * reading a number does. Lua's numbers are doubles; whole ones are exact up to 2<sup>53</sup>. The tickets and permits that operations
 * name go elsewhere.
 */
final class Operands {

    private static final int RELEASE = 1;

    private static final int ACQUIRE = 2;

    private static final int WAIT = 3;

    private static final int CANCEL = 4;

    private static final int UPDATE = 5;

    private static final int EVICT = 6;

    private static final int FORGIVE = 7;

    private static final int WITHDRAW = 8;

    private static final int RENEW = 9;

    private static final int INSPECT = 10;

    private static final int TAKE = 11;

    /** Each operation has at least one operand. */
    private static final int NOTHING = 0;

    private ByteBuffer bytes = allocate(16 * Double.BYTES);

    private static ByteBuffer allocate(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    Operands add(long value) {
        if (this.bytes.remaining() < Double.BYTES) {
            this.bytes = allocate(2 * this.bytes.capacity()).put(this.bytes.flip());
        }
        this.bytes.putDouble((double) value);
        return this;
    }

    /** Returns what was packed; to be called once. */
    byte[] toBytes() {
        byte[] packed = new byte[this.bytes.position()];
        this.bytes.flip().get(packed);
        return packed;
    }

    /** Returns whether two acquisitions can be told in one: neither waits, and they take the same. */
    static boolean isOneRun(Acquire one, Acquire next) {
        return one.maxWaitMicros() == 0
                && next.maxWaitMicros() == 0
                && one.amounts().equals(next.amounts());
    }

    static boolean isOneRun(Operation<?> one, Operation<?> next) {
        if (one instanceof Acquire acquire && next instanceof Acquire other) {
            return isOneRun(acquire, other);
        }
        return one instanceof Release && next instanceof Release;
    }

    /** Adds operations, but for the tickets and permits that they name. Several of a kind in a row are told in one. */
    Operands addAll(Partition partition, List<Operation<?>> operations) {
        int from = 0;
        for (int i = 1; i <= operations.size(); i++) {
            if (i == operations.size() || !isOneRun(operations.get(i - 1), operations.get(i))) {
                add(partition, operations.get(from), i - from);
                from = i;
            }
        }
        return this;
    }

    private void add(Partition partition, Operation<?> operation, int count) {
        if (operation instanceof Release) {
            add(RELEASE).add(count);
        } else if (operation instanceof Acquire acquire && acquire.maxWaitMicros() == 0) {
            add(acquire.isNamed(partition.limits()) ? ACQUIRE : TAKE).add(count).add(acquire.amounts());
        } else if (operation instanceof Acquire acquire) {
            add(WAIT).add(acquire.maxWaitMicros()).add(acquire.priority()).add(acquire.maxQueue());
            add(acquire.amounts());
        } else if (operation instanceof Cancel cancel) {
            add(CANCEL).add(cancel.grantedAtMicros()).add(cancel.amounts());
        } else if (operation instanceof Withdraw withdraw) {
            add(WITHDRAW).add(withdraw.amounts());
        } else if (operation instanceof Update update) {
            // a place in Lua counts from 1
            add(UPDATE).add(update.limit() + 1L).add(update.difference()).add(update.chargedAtMicros());
        } else if (operation instanceof Evict) {
            add(EVICT).add(NOTHING);
        } else if (operation instanceof Forgive) {
            add(FORGIVE).add(NOTHING);
        } else if (operation instanceof Renew renew) {
            add(RENEW).add(renew.permits().size()).add(renew.tickets().size());
            renew.permits().forEach(this::add);
            renew.tickets().forEach(this::add);
        } else {
            add(INSPECT).add(((Inspect) operation).most());
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
