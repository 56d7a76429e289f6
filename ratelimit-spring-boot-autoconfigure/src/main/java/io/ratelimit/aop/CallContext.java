package io.ratelimit.aop;

import io.ratelimit.LimitStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The surroundings of an annotated call, such as an HTTP request: what they give to expressions, and what they learn from
 * decisions.
 *
 * @since 0.1.0
 */
public interface CallContext {

    /** The surroundings of a call outside of any request: nothing is known and nobody is told. */
    CallContext NONE = new CallContext() {};

    /**
     * Returns the address of the client.
     *
     * @return the address, or {@code null} if there is none
     */
    default @Nullable String ip() {
        return null;
    }

    /**
     * Returns the name of the authenticated principal.
     *
     * @return the name, or {@code null} if there is none
     */
    default @Nullable String user() {
        return null;
    }

    /**
     * Returns a request header.
     *
     * @param name its name
     * @return its first value, or {@code null} if there is none
     */
    default @Nullable String header(String name) {
        return null;
    }

    /**
     * Returns a request parameter.
     *
     * @param name its name
     * @return its first value, or {@code null} if there is none
     */
    default @Nullable String param(String name) {
        return null;
    }

    /**
     * A backend decided on an acquisition of this call, granting or refusing it.
     *
     * @param resource the name of the resource
     * @param limits how its limits stand, by the very answer that decided
     */
    default void decided(String resource, List<LimitStatus> limits) {}

    /**
     * Does something once the response to this request has ended: it is sent, or failed, or the client is gone.
     *
     * @param action what to do, once, on any thread
     * @return whether there is a response; if not, the action is never run
     */
    default boolean afterResponse(Runnable action) {
        return false;
    }
}
