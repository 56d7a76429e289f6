package io.ratelimit.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Hand-overs for a moment: that everybody gets slots, and nobody more than there are.
 */
class HandoverContestTests {

    @Test
    void giveEverySubjectItsTurnAndNeverMoreThanTheSlots() throws Exception {
        Options options = Options.parse(
                "subjects=ours,polled-set,fair-semaphore",
                "threads=8",
                "rounds=1",
                "warmup=1ms",
                "settle=1ms",
                "pass=100ms");
        assertThat(HandoverContest.run(options)).singleElement().satisfies((result) -> {
            assertThat(result.passes().keySet()).containsExactlyElementsOf(options.slotsSubjects());
            assertThat(result.passes())
                    .allSatisfy((subject, passes) -> assertThat(passes)
                            .singleElement()
                            .satisfies((pass) -> {
                                assertThat(pass.history().mistakes()).isEmpty();
                                assertThat(pass.history().mostAtOnce()).isBetween(1, Slots.COUNT);
                                assertThat(pass.perSecond()).isPositive();
                            }));
        });
    }
}
