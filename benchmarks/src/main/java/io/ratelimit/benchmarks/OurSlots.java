package io.ratelimit.benchmarks;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefinition;
import java.util.Optional;

/** This library's slots: callers wait in line. */
final class OurSlots implements Slots {

    private static final LimitRequest REQUEST = LimitRequest.of("slots").policy(LimitPolicy.BLOCK);

    private final OurLimiter ours;

    private final Limiter limiter;

    OurSlots(int port) throws Exception {
        this.ours =
                new OurLimiter(port, ResourceDefinition.of("slots", OurLimiter.DEFAULTS, ConcurrencyLimit.of(COUNT)));
        this.limiter = this.ours.connected();
    }

    @Override
    public Optional<Slot> take() {
        try {
            Permit permit = this.limiter.acquire(REQUEST);
            return Optional.of(permit::close);
        } catch (LimitExceededException ex) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        this.ours.close();
    }
}
