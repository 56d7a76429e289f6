package io.ratelimit;

/**
 * Something about limits is configured or declared wrongly. Thrown at startup wherever it can be known then; the application
 * does not start and prints description and action.
 *
 * @since 0.1.0
 */
public class LimitConfigurationException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /** What is wrong. */
    private final String description;

    /** What to do about it. */
    private final String action;

    /**
     * Makes an exception.
     *
     * @param description what is wrong: the class, method or property, and the value
     * @param action what to do about it
     */
    public LimitConfigurationException(String description, String action) {
        super(description + " " + action);
        this.description = description;
        this.action = action;
    }

    /**
     * Returns what is wrong.
     *
     * @return the class, method or property, and the value
     */
    public String description() {
        return this.description;
    }

    /**
     * Returns what to do about it.
     *
     * @return the fix
     */
    public String action() {
        return this.action;
    }
}
