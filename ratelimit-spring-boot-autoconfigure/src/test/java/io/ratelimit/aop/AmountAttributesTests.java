package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitRequest.AmountOf;
import io.ratelimit.RateLimit;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How much an annotated call takes: {@code amount} and {@code amountOf}. */
class AmountAttributesTests {

    private static final AmountOf RATES = new AmountOf(LimitKind.RATE, null);

    private static final AmountOf SLOTS = new AmountOf(LimitKind.CONCURRENCY, null);

    private static final AmountOf DEFAULT_RATE = new AmountOf(LimitKind.RATE, "default");

    private static final AmountOf DEFAULT_SLOTS = new AmountOf(LimitKind.CONCURRENCY, "default");

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Nested
    class Values {

        @Test
        void countForAllLimitsOfTheKind() {
            application.start(Calls.class).bean(Calls.class).five();
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("both").only(LimitKind.RATE).amount(RATES, 5));
        }

        @Test
        void countForTheLimitThatIsNamed() {
            application.start(Calls.class).bean(Calls.class).named();
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("both").only(LimitKind.RATE).amount(DEFAULT_RATE, 5));
        }

        @Test
        void comeFromExpressions() {
            application.start(Calls.class).bean(Calls.class).computed(List.of("a", "b", "c"));
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("slotted")
                            .only(LimitKind.CONCURRENCY)
                            .amount(SLOTS, 3));
        }

        @Test
        void ofTwoAnnotationsMeetInOneAcquisitionEachForItsKind() {
            application.start(Calls.class).bean(Calls.class).together(7);
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("both").amount(DEFAULT_RATE, 7).amount(DEFAULT_SLOTS, 2));
        }

        @Test
        void ofRepeatedAnnotationsAddUp() {
            application.start(Calls.class).bean(Calls.class).repeated();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both")
                            .only(LimitKind.RATE)
                            .amount(RATES, 2)
                            .amount(DEFAULT_RATE, 5));
        }

        @Test
        void goWithTheConditionOfTheirAnnotation() {
            Calls calls = application.start(Calls.class).bean(Calls.class);
            calls.conditional(false);
            calls.conditional(true);
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("both").only(LimitKind.CONCURRENCY),
                            LimitRequest.of("both").amount(RATES, 5));
        }

        @Test
        void ofZeroLeaveTheLimitsOut() {
            Calls calls = application.start(Calls.class).bean(Calls.class);
            calls.computed(List.of());
            assertThat(application.requests()).isEmpty();
            calls.together(0);
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("both").amount(DEFAULT_RATE, 0).amount(DEFAULT_SLOTS, 2));
        }

        @ParameterizedTest
        @MethodSource("io.ratelimit.aop.AmountAttributesTests#wholeNumbers")
        void areWholeNumbersOfAnyType(Number value, long amount) {
            application.start(Calls.class).bean(Calls.class).any("anna", value);
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("rated")
                            .only(LimitKind.RATE)
                            .key("anna")
                            .amount(RATES, amount));
        }

        @ParameterizedTest
        @MethodSource("io.ratelimit.aop.AmountAttributesTests#noAmounts")
        void areRefusedWhereTheyMakeNoSense(@Nullable Object value, String said) {
            Calls calls = application.start(Calls.class).bean(Calls.class);
            assertThatIllegalStateException()
                    .isThrownBy(() -> calls.any("anna", value))
                    .withMessage(
                            "The amount '#value' of @RateLimited on %s.any(String, Object) %s for this call; it must be a whole number, 0 or more."
                                    .formatted(Calls.class.getName(), said))
                    .withMessageNotContaining("anna");
            assertThat(application.requests()).isEmpty();
        }

        static class Calls {

            @RateLimited(name = "both", amount = "5")
            public void five() {}

            @RateLimited(name = "both", amount = "5", amountOf = "default")
            public void named() {}

            @ConcurrencyLimited(name = "slotted", amount = "#items.size()")
            public void computed(List<String> items) {}

            @RateLimited(name = "both", amount = "#n", amountOf = "default")
            @ConcurrencyLimited(name = "both", amount = "1 + 1", amountOf = "default")
            public void together(int n) {}

            @RateLimited(name = "both", amount = "2")
            @RateLimited(name = "both", amount = "5", amountOf = "default")
            public void repeated() {}

            @RateLimited(name = "both", amount = "5", condition = "#counted")
            @ConcurrencyLimited("both")
            public void conditional(boolean counted) {}

            @RateLimited(name = "rated", key = "#key", amount = "#value")
            public void any(String key, @Nullable Object value) {}
        }
    }

    static Stream<Arguments> wholeNumbers() {
        return Stream.of(
                Arguments.of(3, 3),
                Arguments.of(3L, 3),
                Arguments.of((short) 3, 3),
                Arguments.of(3.0, 3),
                Arguments.of(new BigDecimal("3.00"), 3),
                Arguments.of(BigInteger.TWO, 2),
                Arguments.of(new AtomicLong(4), 4));
    }

    static Stream<Arguments> noAmounts() {
        return Stream.of(
                Arguments.of(null, "is null"),
                Arguments.of("anna", "is of class java.lang.String, which is no number,"),
                Arguments.of(-1, "is -1"),
                Arguments.of(2.5, "is 2.5"),
                Arguments.of(Double.NaN, "is NaN"),
                Arguments.of(new BigInteger("9223372036854775808"), "is 9223372036854775808"));
    }

    @Nested
    class Mistakes {

        @Test
        void inTheExpressionAreFound() {
            LimitConfigurationException failure = LimitedApplication.failureOf(BadExpression.class);
            assertThat(failure.description())
                    .startsWith("The amount '#tokens' of @RateLimited on ")
                    .contains("the method has no such parameter");
        }

        @Test
        void inANumberAreFound() {
            assertThat(LimitedApplication.failureOf(Negative.class).description())
                    .startsWith("The amount '-1' of @RateLimited on " + Negative.class.getName()
                            + ".call() is -1; it must be");
            assertThat(LimitedApplication.failureOf(Fraction.class).description())
                    .contains("The amount '5 / 2.0'", "is 2.5");
            assertThat(LimitedApplication.failureOf(Text.class).description())
                    .contains("is of class java.lang.String, which is no number");
        }

        @Test
        void inTheNameOfTheLimitAreFound() {
            assertThat(LimitedApplication.failureOf(UnknownLimit.class).description())
                    .endsWith(
                            "has the amountOf 'tokens', but the resource 'rated' has no such rate limit. It has: 'default'.");
        }

        @Test
        void ofKindAreFound() {
            LimitedApplication named = new LimitedApplication();
            named.registry.defineInline(
                    "workers", new ConcurrencyLimit("workers", 5, Duration.ofSeconds(10), null), "a test");
            named.registry.defineInline("workers", RateLimit.of(5, Duration.ofSeconds(1)), "a test");
            try (named) {
                assertThat(named.failure(OtherKind.class).description())
                        .endsWith(
                                "has the amountOf 'workers', but the resource 'workers' has no such rate limit; that is a concurrency limit. It has: 'default'.");
            }
        }

        @Test
        void aboveTheCapacityAreFound() {
            LimitConfigurationException failure = LimitedApplication.failureOf(TooMuch.class);
            assertThat(failure.description())
                    .endsWith(
                            "has the amount 11, which is above the capacity 10 of the limit 'default' of 'rated', so that no call can ever be granted.");
        }

        @Test
        void inlineAboveTheCapacityAreFound() {
            assertThat(LimitedApplication.failureOf(TooMuchInline.class).description())
                    .contains("has the amount 3, which is above the capacity 2");
        }

        @Test
        void anAmountOfWithoutAnAmountIsFound() {
            assertThat(LimitedApplication.failureOf(Alone.class).description())
                    .endsWith("has an 'amountOf' but no 'amount'.");
        }

        @Test
        void twoAmountsOfTheSameAreFound() {
            assertThat(LimitedApplication.failureOf(Twice.class).description())
                    .endsWith(
                            "acquire the resource 'rated' together, but differ in the 'amount' of every rate limit: '2' and '3'.");
        }

        static class BadExpression {

            @RateLimited(name = "rated", amount = "#tokens")
            public void call() {}
        }

        static class Negative {

            @RateLimited(name = "rated", amount = "-1")
            public void call() {}
        }

        static class Fraction {

            @RateLimited(name = "rated", amount = "5 / 2.0")
            public void call() {}
        }

        static class Text {

            @RateLimited(name = "rated", amount = "'many'")
            public void call() {}
        }

        static class UnknownLimit {

            @RateLimited(name = "rated", amount = "2", amountOf = "tokens")
            public void call() {}
        }

        static class OtherKind {

            @RateLimited(name = "workers", amount = "2", amountOf = "workers")
            public void call() {}
        }

        static class TooMuch {

            @RateLimited(name = "rated", amount = "11")
            public void call() {}
        }

        static class TooMuchInline {

            @ConcurrencyLimited(limit = 2, amount = "3")
            public void call() {}
        }

        static class Alone {

            @RateLimited(name = "rated", amountOf = "default")
            public void call() {}
        }

        static class Twice {

            @RateLimited(name = "rated", amount = "2")
            @RateLimited(name = "rated", amount = "3")
            public void call() {}
        }
    }
}
