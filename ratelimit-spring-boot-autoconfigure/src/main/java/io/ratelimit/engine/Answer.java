package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitExceededException.Refusal;
import io.ratelimit.Permit;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an acquisition comes to, if not to a failure: a permit, or a refusal. A refusal becomes an exception only where somebody wants one:
 * making one costs more than everything else about a refusal.
 *
 * @param permit the permit, or what stands for one; {@code null}: refused
 * @param refusal why there is none; {@code null}: there is one
 * @param outcome how it ended
 * @param queued how many waited, if there is a refusal
 */
record Answer(@Nullable Permit permit, @Nullable Refusal refusal, AcquireOutcome outcome, long queued) {

    static Answer of(Permit permit, AcquireOutcome outcome) {
        return new Answer(permit, null, outcome, 0);
    }

    static Answer of(Refusal refusal, long queued) {
        return new Answer(null, refusal, refusal.timedOut() ? AcquireOutcome.TIMEOUT : AcquireOutcome.REJECTED, queued);
    }

    Optional<Permit> asOptional() {
        return Optional.ofNullable(this.permit);
    }

    /**
     * Returns the permit.
     *
     * @throws LimitExceededException if there is none
     */
    Permit orThrow() {
        if (this.refusal != null) {
            throw LimitExceededException.of(this.refusal);
        }
        return Objects.requireNonNull(this.permit);
    }
}
