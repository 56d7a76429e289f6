package io.ratelimit.engine;

/**
 * Whoever waits is to ask somewhere else. Nobody outside of the engine sees it.
 */
final class RecalledException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RecalledException() {
        super("Ask again", null, false, false);
    }
}
