package io.ratelimit.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class HistoryTests {

    /** Two slots; the third caller to ask is overtaken by the fourth and the fifth. */
    private final History history = new History(
            List.of(
                    new Turn(0, 10, 100),
                    new Turn(1, 20, 200),
                    new Turn(2, 330, 400),
                    new Turn(3, 103, 300),
                    new Turn(4, 204, 310)),
            List.of());

    @Test
    void measureFromTheClosingToTheGrantThatItAllowed() {
        assertThat(this.history.handoverNanos(2)).containsExactly(103 - 100, 204 - 200, 330 - 300);
    }

    @Test
    void countWhoIsOvertaken() {
        assertThat(this.history.overtaken()).containsExactly(0, 0, 1, 1, 0);
    }

    @Test
    void countWhoHoldsAtOnce() {
        assertThat(this.history.mostAtOnce()).isEqualTo(2);
        assertThat(this.history
                        .and(new History(List.of(new Turn(0, 299, 301)), List.of()))
                        .mostAtOnce())
                .isEqualTo(3);
    }

    @Test
    void figureOnlyWhatCounts() {
        HandoverPass pass = new HandoverPass(this.history, 100, 300, new RedisStats.Sample(6, 8, 0));
        assertThat(pass.perSecond()).isEqualTo(2 / 200e-9);
        assertThat(pass.meanHoldMillis()).isEqualTo((197 + 106) / 2.0 / 1e6);
        assertThat(pass.scriptsPerGrant()).isEqualTo(3);
        assertThat(pass.commandsPerGrant()).isEqualTo(4);
        assertThat(pass.overtaken(50)).isEqualTo(1);
        assertThat(pass.waitMillis(50)).isEqualTo(100 / 1e6);
        assertThat(pass.longestWaitMillis()).isEqualTo(328 / 1e6);
    }
}
