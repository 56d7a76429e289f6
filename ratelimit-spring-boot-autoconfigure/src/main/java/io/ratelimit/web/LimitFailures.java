package io.ratelimit.web;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import java.util.Optional;

/**
 * Finds what limits have to say in what a request handler threw.
 *
 * <p>Exceptions of the JDK are looked through, such as a {@link java.util.concurrent.CompletionException} or an
 * {@link java.lang.reflect.UndeclaredThrowableException}. Any other exception that has a refusal as its cause is its author's to
 * answer.
 *
 * @since 0.1.0
 */
public final class LimitFailures {

    private static final int DEEPEST = 16;

    private LimitFailures() {}

    /**
     * Finds the failure that an answer is due to.
     *
     * @param thrown what was thrown
     * @return a {@link LimitExceededException} or a {@link BackendUnavailableException}, or empty if it is neither
     */
    public static Optional<RuntimeException> find(Throwable thrown) {
        Throwable candidate = thrown;
        for (int depth = 0; depth < DEEPEST && candidate != null; depth++) {
            if (candidate instanceof LimitExceededException || candidate instanceof BackendUnavailableException) {
                return Optional.of((RuntimeException) candidate);
            }
            candidate = isOfTheJdk(candidate) ? candidate.getCause() : null;
        }
        return Optional.empty();
    }

    private static boolean isOfTheJdk(Throwable thrown) {
        return thrown.getClass().getName().startsWith("java.");
    }
}
