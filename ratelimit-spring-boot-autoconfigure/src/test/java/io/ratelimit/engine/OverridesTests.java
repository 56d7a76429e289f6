package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceOverride.LimitOverride;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class OverridesTests extends WaitingEngines {

    private static ResourceOverride slots(long limit) {
        return new ResourceOverride(
                List.of(new LimitOverride(LimitKind.CONCURRENCY, "default", limit, null)), null, null, null);
    }

    private static ResourceOverride policy(LimitPolicy policy) {
        return new ResourceOverride(List.of(), policy, null, null);
    }

    /** Both instances are registered, and time goes on. */
    private void start() {
        beatBoth();
        time.advance(MOMENT);
    }

    private long limit(LimiterEngine engine, String resource) {
        return engine.operations().resources().stream()
                .filter((definition) -> definition.name().equals(resource))
                .findFirst()
                .orElseThrow()
                .limits()
                .get(0)
                .limit();
    }

    @Test
    void holdAtOnceHereAndWithTheNextHeartbeatThere() {
        start();
        here.operations().override("slot", slots(3)).join();
        assertThat(limit(here, "slot")).isEqualTo(3);
        assertThat(limit(there, "slot")).isEqualTo(1);
        there.beat();
        assertThat(limit(there, "slot")).isEqualTo(3);
        assertThat(there.operations().overrideOf("slot")).isEqualTo(slots(3));
    }

    @Test
    void letWaitingCallsOfAllInstancesGoOnAtOnce() {
        start();
        Permit held = there.acquire("slot");
        CompletableFuture<Permit> first = waitFor(here, LimitRequest.of("slot"));
        CompletableFuture<Permit> second = waitFor(there, LimitRequest.of("slot"));
        CompletableFuture<Permit> third = waitFor(here, LimitRequest.of("slot"));
        here.operations().override("slot", slots(3)).join();
        granted(first);
        granted(second);
        assertThat(third).isNotDone();
        held.close();
        granted(third);
    }

    @Test
    void areNotUndoneByAnInstanceThatHasNotHeardOfThem() {
        start();
        here.operations().override("slot", slots(2)).join();
        here.acquire("slot");
        Permit second = there.acquire("slot"); // goes by what holds, though this instance still believes in 1
        assertThat(second.isValid()).isTrue();
        assertThat(snapshot("slot").limits().get(0).limit().limit()).isEqualTo(2);
    }

    @Test
    void shrinkALimitByAttrition() {
        start();
        List<Permit> held = new ArrayList<>(List.of(here.acquire("slots"), there.acquire("slots")));
        here.operations().override("slots", slots(1)).join();
        assertThat(used("slots")).isEqualTo(2);
        held.forEach((permit) -> assertThat(permit.isValid()).isTrue());
        CompletableFuture<Permit> waiting = waitFor("slots");
        held.remove(0).close();
        assertThat(waiting).isNotDone();
        held.remove(0).close();
        granted(waiting);
    }

    @Test
    void areTakenBackEverywhere() {
        start();
        here.operations().override("slot", slots(3)).join();
        here.operations().override("other", slots(7)).join();
        beatBoth();
        there.operations().resetOverride("slot").join();
        here.beat();
        assertThat(limit(here, "slot")).isEqualTo(1);
        assertThat(limit(there, "slot")).isEqualTo(1);
        assertThat(limit(here, "other")).isEqualTo(7);
        here.acquire("slot");
        waitFor("slot");
    }

    @Test
    void addUp() {
        here.operations().override("slot", slots(3)).join();
        there.operations().override("slot", policy(LimitPolicy.REJECT)).join(); // has not heard of the first
        beatBoth();
        ResourceOverride both = slots(3).and(policy(LimitPolicy.REJECT));
        assertThat(here.operations().overrideOf("slot")).isEqualTo(both);
        assertThat(there.operations().overrideOf("slot")).isEqualTo(both);
    }

    @Test
    void areKnownToAnInstanceThatStartsLater() {
        here.operations().override("slot", slots(3)).join();
        there.beat();
        assertThat(limit(there, "slot")).isEqualTo(3);
    }

    @Test
    void areRestoredWhereTheBackendLostThem() {
        here.operations().override("slot", slots(3)).join();
        backend.loseState();
        here.beat();
        there.beat();
        assertThat(limit(here, "slot")).isEqualTo(3);
        assertThat(limit(there, "slot")).isEqualTo(3);
    }

    @Test
    void thatAreTakenBackStayTakenBackAfterALoss() {
        here.operations().override("slot", slots(3)).join();
        here.operations().resetOverride("slot").join();
        backend.loseState();
        beatBoth();
        assertThat(limit(here, "slot")).isEqualTo(1);
    }

    @Test
    void ofThePolicyOutrankWhatACallAsksFor() {
        Permit held = there.acquire("slot");
        assertThat(held.isValid()).isTrue();
        here.operations().override("slot", policy(LimitPolicy.REJECT)).join();
        assertThatThrownBy(() -> here.acquire(LimitRequest.of("slot").policy(LimitPolicy.BLOCK)))
                .isInstanceOf(LimitExceededException.class);
        here.operations().override("slot", policy(LimitPolicy.OBSERVE)).join();
        here.acquire(LimitRequest.of("slot").policy(LimitPolicy.REJECT)).close();
        assertThat(here.tryAcquire(LimitRequest.of("slot"))).isPresent();
        assertThat(answers.outcomes)
                .containsExactly(AcquireOutcome.REJECTED, AcquireOutcome.OBSERVED, AcquireOutcome.OBSERVED);
    }

    @Test
    void ofTheLongestWaitOutrankWhatACallAsksFor() {
        there.acquire("slot");
        here.operations()
                .override("slot", new ResourceOverride(List.of(), null, MOMENT, null))
                .join();
        isTimedOut(ask("slot", Duration.ofHours(1)));
        assertThat(here.tryAcquire(LimitRequest.of("slot"))).isEmpty();
    }

    @Test
    void switchLimitsOffAndOn() {
        there.acquire("slot");
        here.operations()
                .override("slot", new ResourceOverride(List.of(), null, null, false))
                .join();
        int calls = backend.calls();
        here.acquire("slot").close();
        assertThat(backend.calls()).isEqualTo(calls);
        assertThat(answers.outcomes).containsExactly(AcquireOutcome.BYPASSED);
        here.operations()
                .override("slot", new ResourceOverride(List.of(), null, null, true))
                .join();
        waitFor("slot");
    }

    @Test
    void areCheckedAsAtStartup() {
        assertThatThrownBy(() -> here.operations().override("slot", slots(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("default");
        assertThatThrownBy(() -> here.operations().override("nope", slots(2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("There is no resource named 'nope'");
        assertThatThrownBy(() -> here.operations().override("calls", slots(2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no concurrency limit named 'default'");
        assertThat(limit(here, "slot")).isEqualTo(1);
    }

    @Test
    void thatCannotBeWrittenChangeNothing() {
        backend.wire(SteeredBackend.Wire.CUT);
        assertThat(failureOf(here.operations().override("slot", slots(3))))
                .isInstanceOf(BackendUnavailableException.class);
        assertThat(limit(here, "slot")).isEqualTo(1);
    }
}
