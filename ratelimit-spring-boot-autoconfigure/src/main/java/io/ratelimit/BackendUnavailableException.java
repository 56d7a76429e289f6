package io.ratelimit;

/**
 * The backend could not be asked, or did not answer in time, and the resource's {@link BackendFailurePolicy} is
 * {@code REJECT}. Not a refusal: nothing is known of the limits.
 *
 * @since 0.1.0
 */
public class BackendUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes an exception.
     *
     * @param message what could not be done, without keys or secrets
     */
    public BackendUnavailableException(String message) {
        super(message);
    }

    /**
     * Makes an exception with a cause.
     *
     * @param message what could not be done, without keys or secrets
     * @param cause why
     */
    public BackendUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
