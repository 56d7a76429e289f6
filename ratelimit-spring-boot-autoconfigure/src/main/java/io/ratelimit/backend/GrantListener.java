package io.ratelimit.backend;

import io.ratelimit.backend.Reply.Granted;
import java.time.Duration;

/**
 * Is told what happens to the tickets of an instance that wait. Calls come on threads of the backend, or of whoever gave slots back, and
 * must not block.
 *
 * <p>A message may be lost, come twice, or come late: {@link Operation.Renew} answers what holds.
 *
 * @since 0.1.0
 */
public interface GrantListener {

    /**
     * A ticket was granted.
     *
     * @param ticket the ticket
     * @param grant what was granted
     */
    void granted(String ticket, Granted grant);

    /**
     * A ticket is at the head of its queue, and rate limits alone are in its way.
     *
     * @param ticket the ticket
     * @param wait when they will be open: whoever owns the ticket asks again then
     */
    void turn(String ticket, Duration wait);

    /** Messages may have been lost. */
    void missed();
}
