package io.ratelimit.memory;

import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Status;

/**
 * A reply that lacks only how the partition stands, which is known at the end of the call. Throws {@link IllegalArgumentException} instead
 * of replying to what can never succeed: such an operation fails alone, after all else of its call is done.
 *
 * @param <R> the type of the reply
 */
@FunctionalInterface
interface Answer<R extends Reply> {

    R with(Status status);
}
