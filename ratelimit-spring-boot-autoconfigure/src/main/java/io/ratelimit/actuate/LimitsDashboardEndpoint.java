package io.ratelimit.actuate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.core.io.ClassPathResource;

/**
 * Actuator endpoint {@code limitsdashboard}: a page that shows slots, queues and rates over the last minutes as pictures. It stands beside
 * the {@linkplain LimitsEndpoint endpoint} {@code limits}, under the same port, path and security, and asks it for the numbers every
 * 2 seconds, with the rights of whoever looks at it; it shows nothing that this one does not. Web only, read-only, thread-safe.
 *
 * <ul>
 *   <li>{@code GET /actuator/limitsdashboard}: the page, complete in itself
 * </ul>
 *
 * @since 0.1.0
 */
@WebEndpoint(id = "limitsdashboard")
public final class LimitsDashboardEndpoint {

    private final String page;

    /**
     * Makes the endpoint.
     *
     * @throws UncheckedIOException if the page cannot be read
     */
    public LimitsDashboardEndpoint() {
        try {
            this.page = new ClassPathResource("dashboard.html", LimitsDashboardEndpoint.class)
                    .getContentAsString(StandardCharsets.UTF_8);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /**
     * Shows the page.
     *
     * @return the page, the same for everybody
     */
    @ReadOperation(produces = "text/html;charset=UTF-8")
    public String page() {
        return this.page;
    }
}
