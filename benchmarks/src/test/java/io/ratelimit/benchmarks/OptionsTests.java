package io.ratelimit.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OptionsTests {

    @Test
    void runEverythingByDefault() {
        Options options = Options.parse();
        assertThat(options.loads()).containsExactly(Workload.values());
        assertThat(options.handover()).isTrue();
        assertThat(options.slotsSubjects()).containsExactly(SlotsSubject.values());
        assertThat(options.subjects(Workload.PAIR))
                .containsExactly(Subject.OURS, Subject.BARE, Subject.REDISSON_PERMITS, Subject.REDISSON_SEMAPHORE);
        assertThat(options.threads(Workload.RATE)).containsExactly(1, 8, 64, 256);
    }

    @Test
    void takeWorkloadsWithoutANameAndEverythingElseByName() {
        assertThat(Options.parse(
                        "rate,keys",
                        "pair",
                        "subjects=ours,bare",
                        "threads=1,64",
                        "rounds=5",
                        "warmup=1s",
                        "pass=2s",
                        "settle=3ms",
                        "markdown=a.md"))
                .isEqualTo(new Options(
                        Set.of("rate", "keys", "pair"),
                        Set.of("ours", "bare"),
                        List.of(1, 64),
                        5,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofMillis(3),
                        Optional.of(Path.of("a.md"))));
    }

    @Test
    void refuseWhatTheyDoNotKnow() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse("rates"))
                .withMessage("'rates' is none of [rate, pair, keys, refused, handover]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse("round=1"))
                .withMessageContaining("round");
    }
}
