package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ratelimit.ConcurrencyLimitExceededException;
import io.ratelimit.RateLimitExceededException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class AnnotationTests {

    private final RunningApplication application = Stack.MVC.application();

    private final Beans.Methods methods = this.application.bean(Beans.Methods.class);

    private static void assertRefused(Supplier<String> call) {
        assertThatExceptionOfType(RateLimitExceededException.class).isThrownBy(call::get);
    }

    @Test
    void ofAMethod() {
        assertThat(this.methods.plain()).isEqualTo("ok");
        assertRefused(this.methods::plain);
    }

    @Test
    void withAnInlineLimitForEachKey() {
        String user = UUID.randomUUID().toString();
        assertThat(this.methods.inline(user)).isEqualTo(user);
        assertRefused(() -> this.methods.inline(user));
        String other = UUID.randomUUID().toString();
        assertThat(this.methods.inline(other)).isEqualTo(other);
    }

    @Test
    void withExpressionsThatNameBeansAndParameters() {
        String tenant = UUID.randomUUID().toString();
        assertThat(this.methods.spelled(tenant + "@anna")).isNotEmpty();
        assertRefused(() -> this.methods.spelled(tenant + "@bert"));
        assertThat(this.methods.spelled("root@all")).isEqualTo("root@all");
        assertThat(this.methods.spelled("root@all")).isEqualTo("root@all");
    }

    @Test
    void withAnAmountAndAFallback() {
        assertThat(this.methods.amount("1234567")).isEqualTo("1234567");
        assertThat(this.methods.amount("1234")).isEqualTo("fallback: default");
        assertThat(this.methods.amount("123")).isEqualTo("123");
    }

    @Test
    void ofBothKindsAreOneAcquisition() {
        assertThatExceptionOfType(ConcurrencyLimitExceededException.class)
                .isThrownBy(() -> this.methods.both(() -> this.methods.both(() -> "in")));
        assertThat(this.methods.both(() -> "second"))
                .as("the refusal charged nothing")
                .isEqualTo("second");
        assertRefused(() -> this.methods.both(() -> "third"));
    }

    @Test
    void ofATypeAreSharedByItsMethods() {
        Beans.Typed typed = this.application.bean(Beans.Typed.class);
        assertThat(typed.one() + typed.other()).isEqualTo("oneother");
        assertRefused(typed::one);
    }

    @Test
    void ofAnInterfaceHoldForItsBeans() {
        Beans.Declared declared = this.application.bean(Beans.Declared.class);
        assertThat(declared.call()).isEqualTo("ok");
        assertRefused(declared::call);
    }

    @Test
    void makeCallsWaitInLine() {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        CompletableFuture<String> end = new CompletableFuture<>();
        List<CompletableFuture<String>> calls = Stream.generate(
                        () -> CompletableFuture.supplyAsync(() -> this.methods.inLine(end::join), threads))
                .limit(3)
                .toList();
        this.application.awaitQueue("line", 2);
        end.complete("done");
        assertThat(calls).allSatisfy((call) -> assertThat(call.join()).isEqualTo("done"));
        threads.shutdown();
    }

    @Test
    void endAWaitThatLastsTooLong() {
        CompletableFuture<String> inVain = new CompletableFuture<>();
        this.methods.hasty(() -> {
            try {
                CompletableFuture.supplyAsync(() -> this.methods.hasty(() -> "never"))
                        .join();
                return inVain.complete("came in") ? "" : "";
            } catch (CompletionException ex) {
                inVain.completeExceptionally(ex.getCause());
                return "";
            }
        });
        assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(inVain::join)
                .withCauseInstanceOf(ConcurrencyLimitExceededException.class)
                .satisfies((ex) -> assertThat(((ConcurrencyLimitExceededException) ex.getCause()).timedOut())
                        .isTrue());
    }

    @Test
    void holdASlotUntilAStageCompletes() {
        CompletableFuture<String> end = new CompletableFuture<>();
        CompletableFuture<String> first = this.methods.stage(end).toCompletableFuture();
        assertThat(this.methods.stage(end).toCompletableFuture())
                .failsWithin(Duration.ofSeconds(10))
                .withThrowableThat()
                .withCauseInstanceOf(ConcurrencyLimitExceededException.class);
        end.complete("done");
        assertThat(first.join()).isEqualTo("done");
        assertThat(this.methods.stage(end).toCompletableFuture().join()).isEqualTo("done");
    }

    @Test
    void onlyObserveWhereTheyAreToldTo() {
        assertThat(this.methods.observed(() -> this.methods.observed(() -> "both ran")))
                .isEqualTo("both ran");
    }
}
