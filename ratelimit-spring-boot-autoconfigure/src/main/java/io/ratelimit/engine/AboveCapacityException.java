package io.ratelimit.engine;

/**
 * An amount that a resource can never grant, while another member of its pool may.
 */
final class AboveCapacityException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    AboveCapacityException(String message) {
        super(message);
    }
}
