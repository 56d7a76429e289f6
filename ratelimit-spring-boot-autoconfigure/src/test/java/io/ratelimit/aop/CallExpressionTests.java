package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys and conditions. */
class CallExpressionTests {

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Nested
    class Keys {

        @Test
        void canBeParametersByNameAndByIndex() {
            Keyed keyed = start();
            keyed.byName("u1");
            keyed.byIndex("a", "b");
            keyed.byProperty(new Order("o7"));
            keyed.joined("t1");
            assertThat(application.requests())
                    .extracting(LimitRequest::key)
                    .containsExactly("u1", "a/b", "o7", "team:t1");
        }

        @Test
        void canBeOfTheRequest() {
            Keyed keyed = start();
            keyed.byUser();
            keyed.byIp();
            keyed.byHeader();
            keyed.byParam();
            assertThat(application.requests())
                    .extracting(LimitRequest::key)
                    .containsExactly("ada", "10.0.0.7", "X-Api-Key!", "q?");
        }

        @Test
        void canBeOfTheCall() {
            start().byCall("first");
            assertThat(application.requests()).extracting(LimitRequest::key).containsExactly("byCall first Keyed");
        }

        @Test
        void canAskBeans() {
            start().byBean("u1");
            assertThat(application.requests()).extracting(LimitRequest::key).containsExactly("tenant-of-u1");
        }

        @Test
        void canBeCombined() {
            start().combined("t,1");
            assertThat(application.requests()).extracting(LimitRequest::key).containsExactly("ada,t\\,1");
        }

        @Test
        void comeFromTheResourceWhereTheAnnotationHasNone() {
            start().resourceKey("t9");
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("keyed").key("t9").only(LimitKind.RATE));
        }

        @Test
        void ofTheAnnotationOverrideThatOfTheResource() {
            start().overridden("t9");
            assertThat(application.requests()).extracting(LimitRequest::key).containsExactly("ada");
        }

        @Test
        void thatAreEqualMakeOneAcquisitionWhereverTheyComeFrom() {
            start().merged("t9");
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("keyed").key("t9"));
        }

        private Keyed start() {
            return application
                    .within(new Request("ada"))
                    .start(Keyed.class, Tenants.class)
                    .bean(Keyed.class);
        }
    }

    @Nested
    class MissingKeys {

        @Test
        void nullIsAnErrorThatNamesMethodAndExpression() {
            assertRefused(() -> start(null).byUser(), "Keyed.byUser()", "'user'", "is null");
        }

        @Test
        void blankIsAnError() {
            assertRefused(() -> start("ada").byName("  "), "Keyed.byName(String)", "'#user'", "is blank");
        }

        @Test
        void anEmptyOptionalIsAnError() {
            assertRefused(() -> start("ada").byOptional(Optional.empty()), "Keyed.byOptional(Optional)", "is null");
        }

        @Test
        void aNullPartOfACombinedKeyIsAnError() {
            assertRefused(() -> start(null).combined("t1"), "Keyed.combined(String)", "has an element that is null");
        }

        @Test
        void anExpressionThatFailsIsAnErrorWithItsCause() {
            assertThatThrownBy(() -> start("ada").byProperty(null))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("Keyed.byProperty(Order)", "'#order.id'", "cannot be evaluated")
                    .hasCauseInstanceOf(org.springframework.expression.EvaluationException.class);
            assertThat(application.requests()).isEmpty();
        }

        @Test
        void theMessageNeverCarriesAValue() {
            Keyed keyed = start("ada");
            assertThatThrownBy(() -> keyed.combined(" "))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has an element that is blank")
                    .hasMessageNotContaining("ada");
        }

        private void assertRefused(ThrowingCallable call, String... parts) {
            assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageContainingAll(parts);
            assertThat(application.requests()).isEmpty();
        }

        private Keyed start(@Nullable String user) {
            return application
                    .within(new Request(user))
                    .start(Keyed.class, Tenants.class)
                    .bean(Keyed.class);
        }
    }

    @Nested
    class Conditions {

        @Test
        void thatAreFalseLeaveTheCallUnlimited() {
            Conditional conditional = application.start(Conditional.class).bean(Conditional.class);
            assertThat(conditional.call(true)).isEqualTo("done");
            assertThat(application.requests()).isEmpty();
        }

        @Test
        void thatAreTrueLimitTheCall() {
            application.start(Conditional.class).bean(Conditional.class).call(false);
            assertThat(application.requests()).hasSize(1);
        }

        @Test
        void dropOnlyTheLimitsOfTheirAnnotation() {
            Conditional conditional = application.start(Conditional.class).bean(Conditional.class);
            conditional.rateUnlessFree(true);
            conditional.rateUnlessFree(false);
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both").only(LimitKind.CONCURRENCY), LimitRequest.of("both"));
        }

        @Test
        void thatAreFalseNeedNoKey() {
            assertThat(application
                            .within(new Request(null))
                            .start(Conditional.class)
                            .bean(Conditional.class)
                            .onlyUsers())
                    .isEqualTo("done");
        }

        @Test
        void thatAreNeitherTrueNorFalseAreAnError() {
            Conditional conditional = application.start(Conditional.class).bean(Conditional.class);
            assertThatThrownBy(() -> conditional.unclear(null))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("The condition '#flag' of", "Conditional.unclear(Boolean)", "is null");
            assertThat(application.requests()).isEmpty();
        }
    }

    @Nested
    class Startup {

        @Test
        void refusesAnExpressionThatDoesNotParse() {
            assertThat(LimitedApplication.failureOf(Unparsable.class).description())
                    .contains("key '#user.' of @RateLimited on")
                    .contains("Unparsable.call(String)")
                    .contains("not a valid expression");
        }

        @Test
        void refusesABlankExpression() {
            assertThat(LimitedApplication.failureOf(BlankKey.class).description())
                    .contains("BlankKey.call()")
                    .contains("not a valid expression");
        }

        @Test
        void refusesAConditionThatDoesNotParse() {
            assertThat(LimitedApplication.failureOf(UnparsableCondition.class).description())
                    .contains("condition '1 +' of @ConcurrencyLimited on");
        }

        @Test
        void refusesAParameterThatDoesNotExist() {
            LimitConfigurationException failure = LimitedApplication.failureOf(WrongParameter.class);
            assertThat(failure.description())
                    .contains("#usr")
                    .contains("#user")
                    .contains("WrongParameter.call(String)");
        }

        @Test
        void refusesANameThatNoCallHas() {
            LimitConfigurationException failure = LimitedApplication.failureOf(ForgottenHash.class);
            assertThat(failure.description()).contains("names 'tenant', which no call has");
            assertThat(failure.action())
                    .contains("'#tenant'")
                    .contains("header('x')")
                    .contains("args, ip, method, target, user");
        }

        @Test
        void refusesTheKeyOfAResourceThatDoesNotFitTheMethod() {
            assertThat(LimitedApplication.failureOf(WithoutTenant.class).description())
                    .contains("key (of the resource 'keyed') '#tenant'")
                    .contains("WithoutTenant.call()");
        }

        @ParameterizedTest
        @ValueSource(classes = {Selecting.class, Rooted.class})
        void allowsWhatExpressionsBringThemselves(Class<?> type) {
            assertThat(application.start(type).context.getBean(type)).isNotNull();
        }

        static class Unparsable {

            @RateLimited(name = "both", key = "#user.")
            public void call(String user) {}
        }

        static class BlankKey {

            @RateLimited(name = "both", key = " ")
            public void call() {}
        }

        static class UnparsableCondition {

            @ConcurrencyLimited(name = "both", condition = "1 +")
            public void call() {}
        }

        static class WrongParameter {

            @RateLimited(name = "both", key = "#usr")
            public void call(String user) {}
        }

        static class ForgottenHash {

            @RateLimited(name = "both", key = "tenant.name")
            public void call(String tenant) {}
        }

        static class WithoutTenant {

            @RateLimited("keyed")
            public void call() {}
        }

        static class Selecting {

            @RateLimited(name = "both", key = "#names.?[#this.length() > 1]")
            public void call(java.util.List<String> names) {}
        }

        static class Rooted {

            @RateLimited(name = "both", key = "#root.user")
            public void call() {}
        }
    }

    record Request(@Nullable String name) implements CallContext {

        @Override
        public String ip() {
            return "10.0.0.7";
        }

        @Override
        public @Nullable String user() {
            return this.name;
        }

        @Override
        public String header(String header) {
            return header + "!";
        }

        @Override
        public String param(String param) {
            return param + "?";
        }
    }

    record Order(String id) {}

    static class Tenants {

        public String of(String user) {
            return "tenant-of-" + user;
        }
    }

    static class Keyed {

        @RateLimited(name = "both", key = "#user")
        public void byName(String user) {}

        @RateLimited(name = "both", key = "#p0 + '/' + #a1")
        public void byIndex(String one, String two) {}

        @RateLimited(name = "both", key = "#order.id")
        public void byProperty(@Nullable Order order) {}

        @RateLimited(name = "both", key = "'team:' + #team")
        public void joined(String team) {}

        @RateLimited(name = "both", key = "user")
        public void byUser() {}

        @RateLimited(name = "both", key = "ip")
        public void byIp() {}

        @RateLimited(name = "both", key = "header('X-Api-Key')")
        public void byHeader() {}

        @RateLimited(name = "both", key = "param('q')")
        public void byParam() {}

        @RateLimited(name = "both", key = "method.name + ' ' + args[0] + ' ' + target.class.simpleName")
        public void byCall(String argument) {}

        @RateLimited(name = "both", key = "@'callExpressionTests.Tenants'.of(#user)")
        public void byBean(String user) {}

        @RateLimited(name = "both", key = "{user, #tenant}")
        public void combined(String tenant) {}

        @RateLimited(name = "both", key = "#user")
        public void byOptional(Optional<String> user) {}

        @RateLimited("keyed")
        public void resourceKey(String tenant) {}

        @RateLimited(name = "keyed", key = "user")
        public void overridden(String tenant) {}

        @RateLimited("keyed")
        @ConcurrencyLimited(name = "keyed", key = "#tenant")
        public void merged(String tenant) {}
    }

    static class Conditional {

        @RateLimited(name = "both", condition = "!#free")
        public String call(boolean free) {
            return "done";
        }

        @RateLimited(name = "both", condition = "!#free")
        @ConcurrencyLimited("both")
        public void rateUnlessFree(boolean free) {}

        @RateLimited(name = "both", key = "user", condition = "user != null")
        public String onlyUsers() {
            return "done";
        }

        @RateLimited(name = "both", condition = "#flag")
        public void unclear(@Nullable Boolean flag) {}
    }
}
