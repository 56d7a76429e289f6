package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.context.annotation.Lazy;

/** What annotations say of waiting: {@code policy}, {@code maxWait} and {@code priority}. */
class WaitAttributesTests {

    private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    private static ResourceDefaults defaults(LimitPolicy policy, @Nullable Duration maxWait) {
        return new ResourceDefaults(
                ConcurrencyLimit.DEFAULT_LEASE,
                policy,
                maxWait,
                ResourceDefaults.DEFAULT_MAX_QUEUE,
                BackendFailurePolicy.LOCAL);
    }

    @Nested
    class Values {

        @Test
        void areHandedOn() {
            application.start(Calls.class).bean(Calls.class).waiting();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("slotted")
                            .only(LimitKind.CONCURRENCY)
                            .policy(LimitPolicy.BLOCK)
                            .maxWait(FIVE_SECONDS)
                            .priority(-3));
        }

        @Test
        void areLeftToTheResourceWhereTheAnnotationHasNone() {
            application.start(Calls.class).bean(Calls.class).plain();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("slotted").only(LimitKind.CONCURRENCY));
        }

        @Test
        void givenOnceHoldForTheWholeAcquisition() {
            application.start(Calls.class).bean(Calls.class).together();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both")
                            .policy(LimitPolicy.BLOCK)
                            .maxWait(FIVE_SECONDS)
                            .priority(100));
        }

        @Test
        void ofATypeHoldForItsMethodsToo() {
            application.start(WaitingType.class).bean(WaitingType.class).call();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both").maxWait(FIVE_SECONDS));
        }

        @Test
        void areTheSameInOtherWords() {
            application.start(OtherWords.class).bean(OtherWords.class).call();
            assertThat(application.requests()).extracting(LimitRequest::maxWait).containsExactly(FIVE_SECONDS);
        }

        @Test
        void takePlaceholders() {
            application
                    .property("exports.wait", "PT5S")
                    .start(Placeholder.class)
                    .bean(Placeholder.class)
                    .call();
            assertThat(application.requests()).extracting(LimitRequest::maxWait).containsExactly(FIVE_SECONDS);
        }

        @Test
        void mayBeZeroSoThatACallDoesNotWait() {
            application.start(Calls.class).bean(Calls.class).atOnce();
            assertThat(application.requests()).extracting(LimitRequest::maxWait).containsExactly(Duration.ZERO);
        }

        @Test
        void mayDifferBetweenAcquisitions() {
            application.start(Calls.class).bean(Calls.class).twoResources();
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("rated").only(LimitKind.RATE).policy(LimitPolicy.OBSERVE),
                            LimitRequest.of("slotted")
                                    .only(LimitKind.CONCURRENCY)
                                    .maxWait(FIVE_SECONDS));
        }

        static class Calls {

            @ConcurrencyLimited(name = "slotted", policy = LimitPolicy.BLOCK, maxWait = "5s", priority = -3)
            public void waiting() {}

            @ConcurrencyLimited("slotted")
            public void plain() {}

            @RateLimited(name = "both", policy = LimitPolicy.BLOCK, priority = 100)
            @ConcurrencyLimited(name = "both", maxWait = "5s")
            public void together() {}

            @ConcurrencyLimited(name = "slotted", policy = LimitPolicy.REJECT, maxWait = "0s")
            public void atOnce() {}

            @RateLimited(name = "rated", policy = LimitPolicy.OBSERVE)
            @ConcurrencyLimited(name = "slotted", maxWait = "5s")
            public void twoResources() {}
        }

        @RateLimited(name = "both", maxWait = "5s")
        static class WaitingType {

            @ConcurrencyLimited("both")
            public void call() {}
        }

        static class OtherWords {

            @RateLimited(name = "both", maxWait = "5s")
            @ConcurrencyLimited(name = "both", maxWait = "PT5S")
            public void call() {}
        }

        static class Placeholder {

            @RateLimited(name = "rated", maxWait = "${exports.wait}")
            public void call() {}
        }
    }

    @Nested
    class TheEndOfAWait {

        @Test
        void isMissingWhereNeitherTheAnnotationNorTheResourceHasOne() {
            LimitConfigurationException failure = LimitedApplication.failureOf(Endless.class);
            assertThat(failure.description())
                    .isEqualTo(
                            "@ConcurrencyLimited on io.ratelimit.aop.WaitAttributesTests$TheEndOfAWait$Endless.call()"
                                    + " makes calls wait without an end: the policy is BLOCK, and neither the annotation nor the"
                                    + " resource 'slotted' has a max wait.");
            assertThat(failure.action()).contains("'maxWait'", "\"5s\"", "'max-wait'", "'ratelimit.defaults.max-wait'");
        }

        @Test
        void isMissedInBeansThatAreCreatedLaterToo() {
            application.start(LazyEndless.class);
            assertThatThrownBy(() -> application.bean(LazyEndless.class))
                    .hasRootCauseInstanceOf(LimitConfigurationException.class)
                    .hasMessageContaining("LazyEndless.call() makes calls wait without an end");
        }

        @Test
        void isMissingUnderThePolicyOfTheResourceToo() {
            try (LimitedApplication blocking = new LimitedApplication(defaults(LimitPolicy.BLOCK, null))) {
                assertThat(blocking.failure(Inherits.class).description())
                        .contains("Inherits.call()", "the policy of the resource is BLOCK", "'Inherits.call'");
            }
        }

        @Test
        void isSaidByTheOtherAnnotationOfTheAcquisition() {
            application.start(SaidByTheOther.class).bean(SaidByTheOther.class).call();
            assertThat(application.requests()).hasSize(1);
        }

        @Test
        void isSaidByTheResource() {
            try (LimitedApplication ending = new LimitedApplication(defaults(LimitPolicy.REJECT, FIVE_SECONDS))) {
                ending.start(Inline.class).bean(Inline.class).call();
                assertThat(ending.requests()).hasSize(1);
            }
        }

        @Test
        void doesNotMatterWhereTheAnnotationRejects() {
            try (LimitedApplication blocking = new LimitedApplication(defaults(LimitPolicy.BLOCK, null))) {
                blocking.start(Rejects.class).bean(Rejects.class).call();
                assertThat(blocking.requests()).hasSize(1);
            }
        }

        @Test
        void isNotMissedOfAResourceThatIsNotKnown() {
            assertThat(LimitedApplication.failureOf(Unknown.class).description())
                    .contains("names the resource 'nowhere', which is not known");
        }

        static class Endless {

            @ConcurrencyLimited(name = "slotted", policy = LimitPolicy.BLOCK)
            public void call() {}
        }

        @Lazy
        static class LazyEndless {

            @ConcurrencyLimited(name = "slotted", policy = LimitPolicy.BLOCK)
            public void call() {}
        }

        static class Inherits {

            @ConcurrencyLimited(limit = 5)
            public void call() {}
        }

        static class SaidByTheOther {

            @RateLimited(name = "both", policy = LimitPolicy.BLOCK)
            @ConcurrencyLimited(name = "both", maxWait = "5s")
            public void call() {}
        }

        static class Inline {

            @ConcurrencyLimited(limit = 5, policy = LimitPolicy.BLOCK)
            public void call() {}
        }

        static class Rejects {

            @ConcurrencyLimited(limit = 5, policy = LimitPolicy.REJECT)
            public void call() {}
        }

        static class Unknown {

            @ConcurrencyLimited(name = "nowhere", policy = LimitPolicy.BLOCK)
            public void call() {}
        }
    }

    @Nested
    class Failures {

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        unreadable           | has the maxWait 'soon', which is not a duration       | Give a number and a unit
                        withoutUnit          | has the maxWait '5', which is not a duration          | Give a number and a unit
                        negative             | resource 'slotted' is PT-1S; it must be from PT0S to  | Give a duration in that range.
                        tooLong              | resource 'slotted' is PT9600H; it must be from PT0S   | Give a duration in that range.
                        tooHigh              | resource 'slotted' is 101; it must be from -100 to 100         | Give a number in that range.
                        tooLow               | resource 'slotted' is -101; it must be from -100 to 100        | Give a number in that range.
                        rejecting            | policy REJECT, which never waits, and the max wait    | Remove the 'maxWait', or use
                        observing            | policy OBSERVE, which never waits, and the max wait   | Remove the 'maxWait', or use
                        rejectingTogether    | policy REJECT, which never waits, and the max wait    | Remove the 'maxWait', or use
                        differentWaits       | resource 'both' together, but differ in 'maxWait': 'PT5S' and  | Give it once, or give both
                        differentPriorities  | resource 'both' together, but differ in 'priority': '1' and    | Give it once, or give both
                        differentFromTheType | resource 'both' together, but differ in 'maxWait': 'PT5S' and  | Give it once, or give both
                        """)
        void nameTheMethodTheValueAndTheFix(String name, String description, String action)
                throws ClassNotFoundException {
            Class<?> type = Class.forName(Failures.class.getName() + "$" + name);
            LimitConfigurationException failure = LimitedApplication.failureOf(type);
            assertThat(failure.description())
                    .contains(description)
                    .contains("Limited on " + type.getName() + ".call()");
            assertThat(failure.action()).startsWith(action);
        }

        static class unreadable {

            @ConcurrencyLimited(name = "slotted", maxWait = "soon")
            public void call() {}
        }

        static class withoutUnit {

            @ConcurrencyLimited(name = "slotted", maxWait = "5")
            public void call() {}
        }

        static class negative {

            @ConcurrencyLimited(name = "slotted", maxWait = "-1s")
            public void call() {}
        }

        static class tooLong {

            @ConcurrencyLimited(name = "slotted", maxWait = "400d")
            public void call() {}
        }

        static class tooHigh {

            @ConcurrencyLimited(name = "slotted", priority = 101)
            public void call() {}
        }

        static class tooLow {

            @ConcurrencyLimited(name = "slotted", priority = -101)
            public void call() {}
        }

        static class rejecting {

            @ConcurrencyLimited(name = "slotted", policy = LimitPolicy.REJECT, maxWait = "5s")
            public void call() {}
        }

        static class observing {

            @RateLimited(name = "rated", policy = LimitPolicy.OBSERVE, maxWait = "5s")
            public void call() {}
        }

        static class rejectingTogether {

            @RateLimited(name = "both", policy = LimitPolicy.REJECT)
            @ConcurrencyLimited(name = "both", maxWait = "5s")
            public void call() {}
        }

        static class differentWaits {

            @RateLimited(name = "both", maxWait = "5s")
            @ConcurrencyLimited(name = "both", maxWait = "6s")
            public void call() {}
        }

        static class differentPriorities {

            @RateLimited(name = "both", priority = 1)
            @ConcurrencyLimited(name = "both", priority = 2)
            public void call() {}
        }

        @RateLimited(name = "both", maxWait = "5s")
        static class differentFromTheType {

            @ConcurrencyLimited(name = "both", maxWait = "6s")
            public void call() {}
        }
    }
}
