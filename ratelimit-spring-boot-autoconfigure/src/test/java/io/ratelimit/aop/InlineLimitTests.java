package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.context.annotation.Lazy;

/** Limits that annotations carry themselves, and the resources that they name. */
class InlineLimitTests {

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Nested
    class Definitions {

        @Test
        void defineAResourceNamedAfterTheMethod() {
            application.start(Inline.class).bean(Inline.class).rated();
            assertThat(application.registry.get("Inline.rated").limits())
                    .containsExactly(RateLimit.of(100, Duration.ofMinutes(1)));
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("Inline.rated").only(LimitKind.RATE));
        }

        @Test
        void ofATypeDefineAResourceNamedAfterIt() {
            application.start(InlineType.class);
            application.bean(InlineType.class).one();
            application.bean(InlineType.class).two();
            assertThat(application.requests())
                    .extracting(LimitRequest::resource)
                    .containsExactly("InlineType", "InlineType");
        }

        @Test
        void ofASlotTakeTheDefaultLease() {
            application.start(Inline.class);
            assertThat(application.registry.get("Inline.slotted").limits())
                    .containsExactly(new ConcurrencyLimit("default", 5, Duration.ofSeconds(10), Duration.ofMinutes(5)));
        }

        @Test
        void ofBothKindsMakeOneResource() {
            application.start(Inline.class).bean(Inline.class).both();
            assertThat(application.registry.get("Inline.both").limits()).hasSize(2);
            assertThat(application.requests()).containsExactly(LimitRequest.of("Inline.both"));
        }

        @Test
        void takePlaceholders() {
            application
                    .property("exports.max", "7")
                    .property("exports.window", "PT2S")
                    .start(Placeholders.class);
            assertThat(application.registry.get("Placeholders.call").limits())
                    .containsExactly(new RateLimit("default", 7, Duration.ofSeconds(2), RateAlgorithm.SLIDING_WINDOW));
        }

        @Test
        void yieldToTheConfiguration() {
            application.start(Configured.class).bean(Configured.class).call();
            assertThat(application.registry.get("rated").limits())
                    .containsExactly(RateLimit.of(10, Duration.ofMinutes(1)));
            assertThat(application.requests())
                    .extracting(LimitRequest::resource)
                    .containsExactly("rated");
        }

        @Test
        void ofAnInheritedMethodAreSharedByAllSubclasses() {
            application.start(FirstChild.class, SecondChild.class);
            application.bean(FirstChild.class).call();
            application.bean(SecondChild.class).call();
            assertThat(application.requests())
                    .extracting(LimitRequest::resource)
                    .containsExactly("Parent.call", "Parent.call");
        }

        @Test
        void canBeNamedByBeansThatAreCreatedEarlier() {
            application
                    .start(NamesIt.class, DefinesIt.class)
                    .bean(NamesIt.class)
                    .call();
            assertThat(application.requests())
                    .extracting(LimitRequest::resource)
                    .containsExactly("defined-later");
        }

        static class NamesIt {

            @ConcurrencyLimited("defined-later")
            public void call() {}
        }

        static class DefinesIt {

            @ConcurrencyLimited(name = "defined-later", limit = 3)
            public void call() {}
        }

        static class Inline {

            @RateLimited(limit = 100, window = "1m")
            public void rated() {}

            @ConcurrencyLimited(limit = 5, maxHold = "5m")
            public void slotted() {}

            @RateLimited(limit = 100, window = "1m")
            @ConcurrencyLimited(limit = 5)
            public void both() {}
        }

        @RateLimited(limit = 3, window = "500ms")
        static class InlineType {

            public void one() {}

            public void two() {}
        }

        static class Placeholders {

            @RateLimited(limitString = "${exports.max}", window = "${exports.window}")
            public void call() {}
        }

        static class Configured {

            @RateLimited(name = "rated", limit = 99, window = "1h")
            public void call() {}
        }

        static class Parent {

            @RateLimited(limit = 3, window = "1s")
            public void call() {}
        }

        static class FirstChild extends Parent {}

        static class SecondChild extends Parent {}
    }

    @Nested
    class Failures {

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        zero                | is 0; it must be from 1 to
                        negative            | is -5; it must be from 1 to
                        zeroSlots           | is 0; it must be from 1 to
                        zeroWindow          | window of the rate limit 'default' is PT0S
                        negativeWindow      | window of the rate limit 'default' is PT-1S
                        unparsableWindow    | has the window 'soon', which is not a duration
                        windowWithoutUnit   | has the window '60', which is not a duration
                        hugeWindow          | has the window '99999999999999999999d', which is not a duration
                        noWindow            | has a 'limit' but no 'window'
                        windowAlone         | has the 'window' but no 'limit'
                        algorithmAlone      | has the 'algorithm' but no 'limit'
                        maxHoldAlone        | has the 'maxHold' but no 'limit'
                        zeroMaxHold         | max-hold of the concurrency limit 'default' is PT0S
                        twoLimits           | has both 'limit' and 'limitString'
                        unparsableLimit     | has the limitString 'many', which is not a number
                        unknownPlaceholder  | limitString '${exports.unknown}'
                        """)
        void nameTheMethodTheValueAndTheFix(String name, String expected) throws ClassNotFoundException {
            Class<?> type = Class.forName(Failures.class.getName() + "$" + name);
            LimitConfigurationException failure = LimitedApplication.failureOf(type);
            assertThat(failure.description()).contains(expected).contains("Limited on " + type.getName() + ".call()");
            assertThat(failure.action()).isNotBlank();
        }

        @Test
        void listTheKnownResourcesForOneThatIsNotKnown() {
            LimitConfigurationException failure = LimitedApplication.failureOf(UnknownName.class);
            assertThat(failure.description())
                    .contains("UnknownName.call()")
                    .contains("'nowhere', which is not known")
                    .contains("Known resources: both, keyed, other, rated, slotted, waiting.");
            assertThat(failure.action()).contains("ratelimit.resources.nowhere");
        }

        @Test
        void askForANameOrALimitWhereThereIsNeither() {
            LimitConfigurationException failure = LimitedApplication.failureOf(NeitherNameNorLimit.class);
            assertThat(failure.description())
                    .contains("NeitherNameNorLimit.call()")
                    .contains("neither a 'name' nor an inline 'limit'");
        }

        @Test
        void nameTheKindThatAResourceLacks() {
            assertThat(LimitedApplication.failureOf(NoRates.class).description())
                    .contains("'slotted', which has no rate limit. It has: concurrency limit 'default'.");
            assertThat(LimitedApplication.failureOf(NoSlots.class).description())
                    .contains("'rated', which has no concurrency limit. It has: rate limit 'default'.");
        }

        @Test
        void askForANameWhereOverloadsComeToOneName() {
            LimitConfigurationException failure = LimitedApplication.failureOf(Overloads.class);
            assertThat(failure.description())
                    .contains("one generated name, 'Overloads.call'")
                    .contains("Overloads.call(int)")
                    .contains("Overloads.call(String)");
            assertThat(failure.action()).contains("'name'");
        }

        @Test
        void askForANameWhereClassesComeToOneName() {
            assertThat(LimitedApplication.failureOf(One.Same.class, Two.Same.class)
                            .description())
                    .contains("one generated name, 'Same.call'");
        }

        @Test
        void nameBothPlacesOfTwoDefinitionsThatDiffer() {
            assertThat(LimitedApplication.failureOf(Differing.class).description())
                    .contains("'shared' is defined inline twice")
                    .contains("Differing.one()")
                    .contains("Differing.two()");
        }

        @Test
        void refuseANameOfOtherCharacters() {
            assertThat(LimitedApplication.failureOf(BadName.class).description())
                    .contains("BadName.call()")
                    .contains("'a b'");
        }

        @Test
        void refuseDifferentValuesForValueAndName() {
            assertThat(LimitedApplication.failureOf(ValueAndName.class).description())
                    .contains("ValueAndName.call()")
                    .contains("contradicts itself");
        }

        @Test
        void alsoMeetBeansThatAreCreatedLater() {
            application.start(LazyUnknown.class);
            assertThatThrownBy(() -> application.bean(LazyUnknown.class))
                    .hasRootCauseInstanceOf(LimitConfigurationException.class)
                    .hasMessageContaining("'nowhere', which is not known");
        }

        static class zero {

            @RateLimited(limit = 0, window = "1m")
            public void call() {}
        }

        static class negative {

            @RateLimited(limit = -5, window = "1m")
            public void call() {}
        }

        static class zeroSlots {

            @ConcurrencyLimited(limit = 0)
            public void call() {}
        }

        static class zeroWindow {

            @RateLimited(limit = 1, window = "0s")
            public void call() {}
        }

        static class negativeWindow {

            @RateLimited(limit = 1, window = "-1s")
            public void call() {}
        }

        static class unparsableWindow {

            @RateLimited(limit = 1, window = "soon")
            public void call() {}
        }

        static class windowWithoutUnit {

            @RateLimited(limit = 1, window = "60")
            public void call() {}
        }

        static class hugeWindow {

            @RateLimited(limit = 1, window = "99999999999999999999d")
            public void call() {}
        }

        static class noWindow {

            @RateLimited(limit = 1)
            public void call() {}
        }

        static class windowAlone {

            @RateLimited(name = "rated", window = "1m")
            public void call() {}
        }

        static class algorithmAlone {

            @RateLimited(name = "rated", algorithm = RateAlgorithm.TOKEN_BUCKET)
            public void call() {}
        }

        static class maxHoldAlone {

            @ConcurrencyLimited(name = "slotted", maxHold = "1m")
            public void call() {}
        }

        static class zeroMaxHold {

            @ConcurrencyLimited(limit = 1, maxHold = "0s")
            public void call() {}
        }

        static class twoLimits {

            @ConcurrencyLimited(limit = 1, limitString = "1")
            public void call() {}
        }

        static class unparsableLimit {

            @ConcurrencyLimited(limitString = "many")
            public void call() {}
        }

        static class unknownPlaceholder {

            @ConcurrencyLimited(limitString = "${exports.unknown}")
            public void call() {}
        }

        static class UnknownName {

            @RateLimited("nowhere")
            public void call() {}
        }

        @Lazy
        static class LazyUnknown {

            @RateLimited("nowhere")
            public void call() {}
        }

        static class NeitherNameNorLimit {

            @RateLimited(key = "ip")
            public void call() {}
        }

        static class NoRates {

            @RateLimited("slotted")
            public void call() {}
        }

        static class NoSlots {

            @ConcurrencyLimited("rated")
            public void call() {}
        }

        static class Overloads {

            @RateLimited(limit = 1, window = "1s")
            public void call(int number) {}

            @RateLimited(limit = 1, window = "1s")
            public void call(String text) {}
        }

        static class One {

            static class Same {

                @ConcurrencyLimited(limit = 1)
                public void call() {}
            }
        }

        static class Two {

            static class Same {

                @ConcurrencyLimited(limit = 1)
                public void call() {}
            }
        }

        static class Differing {

            @ConcurrencyLimited(name = "shared", limit = 1)
            public void one() {}

            @ConcurrencyLimited(name = "shared", limit = 2)
            public void two() {}
        }

        static class BadName {

            @ConcurrencyLimited(name = "a b", limit = 1)
            public void call() {}
        }

        static class ValueAndName {

            @ConcurrencyLimited(value = "slotted", name = "both")
            public void call() {}
        }
    }
}
