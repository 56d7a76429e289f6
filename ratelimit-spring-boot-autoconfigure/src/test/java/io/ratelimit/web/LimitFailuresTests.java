package io.ratelimit.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.RateLimit;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.UndeclaredThrowableException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LimitFailuresTests {

    private static final RuntimeException REFUSAL = LimitExceededException.of(new LimitExceededException.Refusal(
            "openai", List.of(RateLimit.of(5, Duration.ofSeconds(1))), Duration.ofSeconds(1), false, false, List.of()));

    @Test
    void refusalsAndUnavailableBackendsAreFound() {
        BackendUnavailableException unavailable = new BackendUnavailableException("no answer");

        assertThat(LimitFailures.find(REFUSAL)).containsSame(REFUSAL);
        assertThat(LimitFailures.find(unavailable)).containsSame(unavailable);
    }

    @ParameterizedTest
    @MethodSource
    void exceptionsOfTheJdkAreLookedThrough(Exception wrapper) {
        assertThat(LimitFailures.find(wrapper)).containsSame(REFUSAL);
    }

    static List<Exception> exceptionsOfTheJdkAreLookedThrough() {
        return List.of(
                new CompletionException(REFUSAL),
                new ExecutionException(REFUSAL),
                new UndeclaredThrowableException(REFUSAL),
                new InvocationTargetException(REFUSAL),
                new RuntimeException(REFUSAL),
                new CompletionException(new ExecutionException(REFUSAL)));
    }

    @Test
    void anExceptionOfTheApplicationIsItsAuthorsToAnswer() {
        assertThat(LimitFailures.find(new ExportFailed(REFUSAL))).isEmpty();
        assertThat(LimitFailures.find(new CompletionException(new ExportFailed(REFUSAL))))
                .isEmpty();
    }

    @Test
    void anythingElseIsNoFailureOfLimits() {
        assertThat(LimitFailures.find(new IllegalStateException("no cause"))).isEmpty();
    }

    @Test
    void causesThatGoInCirclesComeToAnEnd() {
        Exception a = new Exception("a");
        a.initCause(new Exception("b", a));

        assertThat(LimitFailures.find(a)).isEmpty();
    }

    private static final class ExportFailed extends RuntimeException {

        private static final long serialVersionUID = 1L;

        ExportFailed(Throwable cause) {
            super(cause);
        }
    }
}
