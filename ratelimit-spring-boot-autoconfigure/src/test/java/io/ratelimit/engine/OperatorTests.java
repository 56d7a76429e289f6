package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OperatorTests extends WaitingEngines {

    private String holder(String resource) {
        return snapshot(resource).holders().get(0).permit();
    }

    @Test
    void slotsThatAreTakenAwayGoToTheNextInLineAndTheHolderLearnsOfIt() {
        Permit stuck = there.acquire("slot");
        CompletableFuture<Permit> waiting = waitFor("slot");
        here.operations().forceRelease("slot", null, holder("slot")).join();
        Permit next = granted(waiting);
        assertThat(used("slot")).isEqualTo(1);
        there.beat();
        assertThat(stuck.isValid()).isFalse();
        stuck.close();
        assertThat(next.isValid()).isTrue();
        assertThat(used("slot")).isEqualTo(1);
        next.close();
        isFree("slot");
    }

    @Test
    void takingAwayWhatNobodyHoldsDoesNothing() {
        Permit held = there.acquire("slot");
        here.operations().forceRelease("slot", null, "nobody:1").join();
        assertThat(used("slot")).isEqualTo(1);
        assertThat(held.isValid()).isTrue();
    }

    @Test
    void whatIsForgivenCanBeTakenAgainByWhomWaitsFirst() {
        IntStream.range(0, 3).forEach((i) -> there.acquire("calls").close());
        CompletableFuture<Permit> waiting = waitFor("calls");
        here.operations().clear("calls", null).join();
        granted(waiting);
        assertThat(used("calls")).isEqualTo(1);
    }

    @Test
    void forgivingLeavesSlotsHeld() {
        List<Permit> held = new ArrayList<>(List.of(there.acquire("both")));
        here.operations().clear("both", null).join();
        assertThat(used("both")).isEqualTo(1);
        assertThat(here.tryAcquire(LimitRequest.of("both"))).isEmpty();
        held.get(0).close();
        IntStream.range(0, 3).forEach((i) -> here.acquire("both").close());
    }
}
