package io.ratelimit;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/**
 * A limit said no. Nothing was charged and nothing is held. The message names the resource and the limit, never the key.
 *
 * @since 0.1.0
 */
public abstract sealed class LimitExceededException extends RejectedExecutionException
        permits RateLimitExceededException, ConcurrencyLimitExceededException {

    private static final long serialVersionUID = 1L;

    private final transient Refusal refusal;

    LimitExceededException(String message, Refusal refusal) {
        super(message);
        this.refusal = refusal;
    }

    /**
     * Makes the exception that fits the limit which refused.
     *
     * @param refusal the answer
     * @return a {@link RateLimitExceededException} or a {@link ConcurrencyLimitExceededException}
     */
    public static LimitExceededException of(Refusal refusal) {
        Limit limit = refusal.limit();
        if (limit instanceof RateLimit rate) {
            return new RateLimitExceededException(rate, refusal);
        }
        return new ConcurrencyLimitExceededException((ConcurrencyLimit) limit, refusal);
    }

    /**
     * Returns the resource.
     *
     * @return its name
     */
    public String resource() {
        return this.refusal.resource();
    }

    /**
     * Returns the limit that refused; of several, the one with the longest wait.
     *
     * @return its name
     */
    public String limitName() {
        return this.refusal.limit().name();
    }

    /**
     * Returns when to come again: exact for a rate limit that nobody waits for, else the best estimate.
     *
     * @return the time from now
     */
    public Duration retryAfter() {
        return this.refusal.retryAfter();
    }

    /**
     * Returns whether the call waited and its time ran out, instead of being refused at once. A call that finds the queue full is
     * refused at once.
     *
     * @return whether it waited
     */
    public boolean timedOut() {
        return this.refusal.timedOut();
    }

    /**
     * Returns whether the call would have waited, and was refused at once because {@code max-queue} calls wait already.
     *
     * @return whether the queue was full
     */
    public boolean queueFull() {
        return this.refusal.queueFull();
    }

    /**
     * Returns all limits that refused.
     *
     * @return at least {@link #limitName()}, unmodifiable
     */
    public List<Limit> violated() {
        return this.refusal.violated();
    }

    /**
     * Returns how all limits of the resource stood.
     *
     * @return the limits of the resource, unmodifiable
     */
    public List<LimitStatus> limits() {
        return this.refusal.limits();
    }

    /**
     * The answer of a backend that says no.
     *
     * @param resource the name of the resource
     * @param violated the limits that refused, the one with the longest wait first; at least one
     * @param retryAfter when to come again
     * @param timedOut whether the call waited and its time ran out
     * @param queueFull whether the call would have waited if fewer others did
     * @param limits how all limits of the resource stood
     */
    public record Refusal(
            String resource,
            List<Limit> violated,
            Duration retryAfter,
            boolean timedOut,
            boolean queueFull,
            List<LimitStatus> limits) {

        /**
         * Copies the lists.
         *
         * @param resource the name of the resource
         * @param violated the limits that refused
         * @param retryAfter when to come again
         * @param timedOut whether the call waited and its time ran out
         * @param queueFull whether the call would have waited if fewer others did
         * @param limits how all limits of the resource stood
         */
        public Refusal {
            violated = List.copyOf(violated);
            limits = List.copyOf(limits);
        }

        /** Chooses how the message begins. */
        String format(String refusedAtOnce, String waitedInVain, String couldNotWait) {
            if (this.queueFull) {
                return couldNotWait;
            }
            return this.timedOut ? waitedInVain : refusedAtOnce;
        }

        /** Rounds up: whoever comes earlier is refused again. */
        long retryAfterMillis() {
            return this.retryAfter.plusNanos(999_999).toMillis();
        }

        Limit limit() {
            return this.violated.get(0);
        }
    }
}
