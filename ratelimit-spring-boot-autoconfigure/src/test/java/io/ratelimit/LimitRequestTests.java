package io.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LimitRequestTests {

    private static final LimitRequest PLAIN = LimitRequest.of("pool");

    @Test
    void leavesTheWaitToTheResourceUnlessItSaysSomething() {
        assertThat(PLAIN.policy()).isEqualTo(LimitPolicy.INHERIT);
        assertThat(PLAIN.maxWait()).isNull();
        assertThat(PLAIN.priority()).isZero();
    }

    @Test
    void everyCopyKeepsWhatTheOthersSaid() {
        LimitRequest request = PLAIN.maxWait(Duration.ofSeconds(5))
                .priority(7)
                .key("anna")
                .amount("tokens", 3)
                .policy(LimitPolicy.BLOCK)
                .only(LimitKind.RATE)
                .priority(8)
                .maxWait(Duration.ofSeconds(6));

        assertThat(request.maxWait()).isEqualTo(Duration.ofSeconds(6));
        assertThat(request.priority()).isEqualTo(8);
        assertThat(request.key()).isEqualTo("anna");
        assertThat(request.amounts()).containsEntry(new LimitRequest.AmountOf(null, "tokens"), 3L);
        assertThat(request.policy()).isEqualTo(LimitPolicy.BLOCK);
        assertThat(request.kinds()).containsExactly(LimitKind.RATE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT0.000000001S", "P365D"})
    void waitsForAnyTimeUpToAYear(String maxWait) {
        assertThat(PLAIN.maxWait(Duration.parse(maxWait)).maxWait()).isEqualTo(Duration.parse(maxWait));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT-0.000000001S", "P365DT0.000000001S", "PT2562047788015215H"})
    void refusesAWaitThatIsNegativeOrHasNoEnd(String maxWait) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.maxWait(Duration.parse(maxWait)))
                .withMessageContaining("resource 'pool'")
                .withMessageContaining(Duration.parse(maxWait).toString())
                .withMessageContaining("from PT0S to PT8760H");
    }

    @ParameterizedTest
    @ValueSource(ints = {-101, 101, Integer.MIN_VALUE})
    void refusesAPriorityOutOfItsRange(int priority) {
        assertThat(PLAIN.priority(-100).priority()).isEqualTo(-100);
        assertThat(PLAIN.priority(100).priority()).isEqualTo(100);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.priority(priority))
                .withMessage("The priority of a request for the resource 'pool' is %d; it must be from -100 to 100"
                        .formatted(priority));
    }

    @ParameterizedTest
    @EnumSource(names = {"REJECT", "OBSERVE"})
    void refusesAWaitUnderAPolicyThatNeverWaits(LimitPolicy policy) {
        assertThat(PLAIN.policy(policy).maxWait(Duration.ZERO).policy()).isEqualTo(policy);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.policy(policy).maxWait(Duration.ofSeconds(1)))
                .withMessage(
                        "A request for the resource 'pool' has the policy %s, which never waits, and the max wait PT1S; leave one of them out"
                                .formatted(policy));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.maxWait(Duration.ofSeconds(1)).policy(policy));
    }

    @Test
    void takesWhatSaysMostExactlyWhichLimit() {
        RateLimit requests = new RateLimit("requests", 9, Duration.ofSeconds(1), RateAlgorithm.SLIDING_WINDOW);
        RateLimit tokens = new RateLimit("tokens", 9, Duration.ofSeconds(1), RateAlgorithm.SLIDING_WINDOW);
        ConcurrencyLimit slots = new ConcurrencyLimit("tokens", 9, Duration.ofSeconds(10), null);
        LimitRequest request = PLAIN.amount(new LimitRequest.AmountOf(LimitKind.RATE, null), 2)
                .amount("tokens", 3)
                .amount(new LimitRequest.AmountOf(LimitKind.RATE, "tokens"), 4);

        assertThat(request.amountOf(requests)).isEqualTo(2);
        assertThat(request.amountOf(tokens)).isEqualTo(4);
        assertThat(request.amountOf(slots)).isEqualTo(3);
        assertThat(request.only(LimitKind.RATE).amountOf(slots)).isZero();
        assertThat(PLAIN.amountOf(slots)).isEqualTo(1);
    }

    @Test
    void refusesAnAmountOfNothingInParticularOrBelowZero() {
        assertThatIllegalArgumentException().isThrownBy(() -> new LimitRequest.AmountOf(null, null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PLAIN.amount("tokens", -1))
                .withMessage("The amount of limit 'tokens' for the resource 'pool' is -1; it must be 0 or more");
    }

    @Test
    void hidesTheKeyAndShowsTheWaitAsText() {
        assertThat(PLAIN.key("anna").maxWait(Duration.ofSeconds(5)).priority(2))
                .asString()
                .doesNotContain("anna")
                .contains("maxWait=PT5S", "priority=2");
    }
}
