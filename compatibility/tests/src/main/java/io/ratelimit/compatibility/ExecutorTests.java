package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ratelimit.ConcurrencyLimitExceededException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Methods that no request calls. */
class ExecutorTests {

    private final RunningApplication application = Stack.MVC.application();

    private final Jobs jobs = this.application.bean(Jobs.class);

    @Test
    void aScheduledMethodHoldsItsSlotWhileItRuns() {
        assertThat(this.jobs.scheduled()).succeedsWithin(Duration.ofSeconds(30)).isEqualTo("schedule");
        this.application.awaitHolders("schedule", 0);
    }

    @Test
    void anAsyncMethodHoldsItsSlotUntilItsFutureCompletes() {
        CompletableFuture<String> end = new CompletableFuture<>();
        CompletableFuture<String> running = this.jobs.later(end);
        this.application.awaitHolders("jobs", 1);
        assertThat(this.jobs.later(end))
                .failsWithin(Duration.ofSeconds(30))
                .withThrowableThat()
                .withRootCauseInstanceOf(ConcurrencyLimitExceededException.class);
        assertThat(running).isNotDone();
        end.complete("done");
        assertThat(running).succeedsWithin(Duration.ofSeconds(30)).isEqualTo("done");
        this.application.awaitHolders("jobs", 0);
    }

    @Test
    void aListenerHoldsItsSlotWhileItHandlesAMessage() throws InterruptedException {
        CompletableFuture<String> end = new CompletableFuture<>();
        CompletableFuture<String> handled = new CompletableFuture<>();
        Thread container = new Thread(() -> handled.complete(this.jobs.onMessage(end)));
        container.start();
        this.application.awaitHolders("jobs", 1);
        assertThatExceptionOfType(ConcurrencyLimitExceededException.class).isThrownBy(() -> this.jobs.onMessage(end));
        end.complete("done");
        container.join();
        assertThat(handled).isCompletedWithValue("done");
        this.application.awaitHolders("jobs", 0);
    }
}
