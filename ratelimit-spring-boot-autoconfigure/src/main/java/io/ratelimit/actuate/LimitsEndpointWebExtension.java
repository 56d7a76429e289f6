package io.ratelimit.actuate;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.annotation.RegisterReflectionForBinding;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;
import org.springframework.util.MimeType;

/**
 * The operations of {@link LimitsEndpoint} over HTTP: a request that makes no sense is answered with a problem detail (RFC 9457) that says
 * why, whatever {@code include-message} says of the application's own errors. Thread-safe.
 *
 * <pre>{@code
 * HTTP/1.1 400
 * Content-Type: application/problem+json
 *
 * {"title":"Bad Request","status":400,"detail":"There is no resource of that name. Known resources: [exports]"}
 * }</pre>
 *
 * @since 0.1.0
 */
@RegisterReflectionForBinding(LimitsEndpointWebExtension.Problem.class)
@EndpointWebExtension(endpoint = LimitsEndpoint.class)
public final class LimitsEndpointWebExtension {

    private static final MimeType PROBLEM = new MimeType("application", "problem+json");

    private final LimitsEndpoint endpoint;

    /**
     * Makes the extension.
     *
     * @param endpoint what it asks
     */
    public LimitsEndpointWebExtension(LimitsEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    /**
     * Shows one resource.
     *
     * @param resource its name
     * @param key whose share to look at; none for the share without a key
     * @return the description, or the problem: 404 if there is no such resource
     */
    @ReadOperation
    @SuppressWarnings("deprecation") // Spring Boot 3.5 knows no other annotation for an optional parameter
    public @Nullable Object resource(
            @Selector String resource, @org.springframework.lang.Nullable @Nullable String key) {
        return answer(() -> {
            ResourceDescription description = this.endpoint.resource(resource, key);
            return (description != null)
                    ? description
                    : problem(new Problem(
                            "Not Found", WebEndpointResponse.STATUS_NOT_FOUND, this.endpoint.noSuchResource()));
        });
    }

    /**
     * Changes a resource at run time. What is not given stays as it is.
     *
     * @param resource its name
     * @param limit how much may be taken: per window, or at once
     * @param window the window of a rate limit
     * @param name which limit
     * @param kind {@code rate} or {@code concurrency}
     * @param policy what happens to every call that finds no permit
     * @param maxWait how long calls wait at most
     * @param enabled {@code false}: calls go on as if there were no limits
     * @return the description after the change, or the problem
     */
    @WriteOperation
    @SuppressWarnings("deprecation") // Spring Boot 3.5 knows no other annotation for an optional parameter
    public @Nullable Object change(
            @Selector String resource,
            @org.springframework.lang.Nullable @Nullable Long limit,
            @org.springframework.lang.Nullable @Nullable String window,
            @org.springframework.lang.Nullable @Nullable String name,
            @org.springframework.lang.Nullable @Nullable String kind,
            @org.springframework.lang.Nullable @Nullable String policy,
            @org.springframework.lang.Nullable @Nullable String maxWait,
            @org.springframework.lang.Nullable @Nullable Boolean enabled) {
        return answer(() -> this.endpoint.change(resource, limit, window, name, kind, policy, maxWait, enabled));
    }

    /**
     * Takes back what was changed of a resource at run time.
     *
     * @param resource its name
     * @return the description after that, or the problem
     */
    @DeleteOperation
    public @Nullable Object reset(@Selector String resource) {
        return answer(() -> this.endpoint.reset(resource));
    }

    /**
     * Takes the slots of a permit away, or forgives what is used of rate limits.
     *
     * @param resource its name
     * @param what {@code usage}, or the id of a permit
     * @param key whose share is meant; none for the share without a key
     * @return the description after that, or the problem
     */
    @DeleteOperation
    @SuppressWarnings("deprecation") // Spring Boot 3.5 knows no other annotation for an optional parameter
    public @Nullable Object take(
            @Selector String resource, @Selector String what, @org.springframework.lang.Nullable @Nullable String key) {
        return answer(() -> this.endpoint.take(resource, what, key));
    }

    private static @Nullable Object answer(Supplier<@Nullable Object> operation) {
        try {
            return operation.get();
        } catch (InvalidEndpointRequestException ex) {
            return problem(
                    new Problem("Bad Request", WebEndpointResponse.STATUS_BAD_REQUEST, String.valueOf(ex.getReason())));
        }
    }

    private static WebEndpointResponse<Problem> problem(Problem problem) {
        return new WebEndpointResponse<>(problem, problem.status(), PROBLEM);
    }

    record Problem(String title, int status, String detail) implements OperationResponseBody {}
}
