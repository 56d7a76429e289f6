package io.ratelimit.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each workload for a moment: that everybody who takes part gets the right answers.
 */
class ContestTests {

    @ParameterizedTest
    @EnumSource
    void giveEverySubjectItsTurnAndTheExpectedAnswers(Workload workload) throws Exception {
        Options options = Options.parse("threads=2", "rounds=1", "warmup=1ms", "settle=1ms", "pass=100ms");
        List<ContestResult> results = Contest.run(workload, options);
        assertThat(results).singleElement().satisfies((result) -> {
            assertThat(result.passes().keySet()).containsExactlyElementsOf(options.subjects(workload));
            assertThat(result.passes())
                    .allSatisfy((subject, passes) -> assertThat(passes)
                            .singleElement()
                            .satisfies((pass) -> {
                                assertThat(pass.trouble()).isEmpty();
                                assertThat(pass.perSecond()).isPositive();
                            }));
        });
    }
}
