package io.ratelimit.memory;

import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Reply.Granted;
import java.time.Duration;

/**
 * What the instance of a ticket is to be told.
 */
sealed interface Notice {

    String ticket();

    void tell(GrantListener listener);

    /**
     * The ticket was granted.
     *
     * @param ticket the ticket
     * @param grant what was granted
     */
    record Grant(String ticket, Granted grant) implements Notice {

        @Override
        public void tell(GrantListener listener) {
            listener.granted(this.ticket, this.grant);
        }
    }

    /**
     * The ticket is the head, and time alone is in its way.
     *
     * @param ticket the ticket
     * @param opensIn when it will have opened the way
     */
    record Turn(String ticket, Duration opensIn) implements Notice {

        @Override
        public void tell(GrantListener listener) {
            listener.turn(this.ticket, this.opensIn);
        }
    }
}
