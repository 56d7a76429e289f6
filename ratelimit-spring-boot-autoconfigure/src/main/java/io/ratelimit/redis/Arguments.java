package io.ratelimit.redis;

import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the arguments of a call, in the order that {@code arguments.lua} reads them.
 */
final class Arguments {

    private final List<byte[]> values = new ArrayList<>(16);

    Arguments add(byte[] value) {
        this.values.add(value);
        return this;
    }

    Arguments add(String value) {
        return add(value.getBytes(StandardCharsets.UTF_8));
    }

    Arguments add(long value) {
        return add(Long.toString(value).getBytes(StandardCharsets.US_ASCII));
    }

    Arguments add(Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            return add("acquire").add(acquire.ticket()).add(acquire.amounts());
        }
        if (operation instanceof Release release) {
            return add("release").add(release.permit());
        }
        if (operation instanceof Cancel cancel) {
            return add("cancel")
                    .add(cancel.ticket())
                    .add(cancel.grantedAtMicros())
                    .add(cancel.amounts());
        }
        if (operation instanceof Renew renew) {
            add("renew").add(renew.permits().size());
            renew.permits().forEach(this::add);
            return this;
        }
        return add("inspect").add(((Inspect) operation).maxHolders());
    }

    byte[][] toArray() {
        return this.values.toArray(byte[][]::new);
    }

    private Arguments add(List<Long> amounts) {
        amounts.forEach(this::add);
        return this;
    }

    private void add(HeldPermit permit) {
        add(permit.permit()).add(permit.fence()).add(permit.grantedAtMicros());
        add(permit.leaseLeftMicros()).add(permit.holdLeftMicros()).add(permit.amounts());
    }
}
