package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.RateLimit;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.context.annotation.Bean;

/** Methods that answer in place of refused calls. */
class FallbackMethodTests {

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Nested
    class Answers {

        @Test
        void aRefusedCallIsAnsweredWithItsArguments() {
            assertThat(refusing("both").same("x")).isEqualTo("instead of x");
        }

        @Test
        void theRefusalIsHandedOver() {
            assertThat(refusing("both").withRefusal("x")).isEqualTo("x refused by both");
        }

        @Test
        void aFallbackThatTakesTheRefusalIsPreferred() {
            assertThat(refusing("both").overloaded()).isEqualTo("with refusal");
        }

        @Test
        void aFallbackMayBeInherited() {
            assertThat(refusing("both").inherited(5)).isEqualTo(-5);
        }

        @Test
        void aFallbackOfAGenericMethodIsFoundByItsRealType() {
            assertThat(refusing("both").generic("x")).isEqualTo("generic x");
        }

        @Test
        void aFallbackRunsOnTheTargetAndSeesItsFields() {
            assertThat(refusing("both").fields()).isEqualTo("field");
        }

        @Test
        void aGrantedCallIsNotAnswered() {
            assertThat(application.start(Falling.class).bean(Falling.class).same("x"))
                    .isEqualTo("x");
        }

        @Test
        void aRefusalThatTheBodyThrowsIsNotAnswered() {
            Falling falling = application.start(Falling.class).bean(Falling.class);
            assertThatThrownBy(() -> falling.throwing()).isInstanceOf(LimitExceededException.class);
            assertThat(application.events()).containsExactly("+both", "-both");
        }

        @Test
        void whatAFallbackThrowsComesOutAsItIs() {
            assertThatThrownBy(() -> refusing("both").failing())
                    .isInstanceOf(IOException.class)
                    .hasMessage("from the fallback");
        }

        @Test
        void theFallbackOfTheResourceThatRefusesAnswers() {
            assertThat(refusing("other").two()).isEqualTo("other");
        }

        @Test
        void aResourceWithoutFallbackThrows() {
            assertThatThrownBy(() -> refusing("rated").two()).isInstanceOf(LimitExceededException.class);
        }

        @Test
        void aTypesFallbackAnswersForItsMethodsAndIsNotLimitedItself() {
            application.start(OnType.class);
            application.limiter.refuse("both");
            assertThat(application.bean(OnType.class).call()).isEqualTo("fallback");
            assertThat(application.bean(OnType.class).instead()).isEqualTo("fallback");
            assertThat(application.requests()).hasSize(1);
        }

        @Test
        void aDefaultMethodAnswersForAnInterfaceWithoutClass() {
            application.start(Clients.class);
            application.limiter.refuse("both");
            assertThat(application.bean(Client.class).fetch()).isEqualTo("default");
        }

        private Falling refusing(String resource) {
            application.start(Falling.class);
            application.limiter.refuse(resource);
            return application.bean(Falling.class);
        }

        static class Base {

            private int negative(int number) {
                return -number;
            }
        }

        abstract static class Generic<T> extends Base {

            @RateLimited(name = "both", fallbackMethod = "genericFallback")
            public String generic(T item) {
                return "never";
            }
        }

        static class Falling extends Generic<String> {

            private final String field = "field";

            @RateLimited(name = "both", fallbackMethod = "instead")
            public String same(String text) {
                return text;
            }

            private String instead(String text) {
                return "instead of " + text;
            }

            @RateLimited(name = "both", fallbackMethod = "refused")
            public String withRefusal(String text) {
                return text;
            }

            private String refused(String text, LimitExceededException refusal) {
                return text + " refused by " + refusal.resource();
            }

            @RateLimited(name = "both", fallbackMethod = "either")
            public Object overloaded() {
                return "never";
            }

            private String either() {
                return "without";
            }

            private String either(RuntimeException refusal) {
                return "with refusal";
            }

            @RateLimited(name = "both", fallbackMethod = "negative")
            public int inherited(int number) {
                return number;
            }

            private String genericFallback(String item) {
                return "generic " + item;
            }

            @RateLimited(name = "both", fallbackMethod = "readField")
            public String fields() {
                return "never";
            }

            private String readField() {
                return this.field;
            }

            @RateLimited(name = "both", fallbackMethod = "readField")
            public String throwing() {
                throw LimitExceededException.of(new LimitExceededException.Refusal(
                        "both",
                        List.of(RateLimit.of(1, Duration.ofSeconds(1))),
                        Duration.ZERO,
                        false,
                        false,
                        List.of()));
            }

            @RateLimited(name = "both", fallbackMethod = "throwChecked")
            public String failing() throws IOException {
                return "never";
            }

            private String throwChecked() throws IOException {
                throw new IOException("from the fallback");
            }

            @RateLimited("rated")
            @RateLimited(name = "other", fallbackMethod = "other")
            public String two() {
                return "never";
            }

            private String other() {
                return "other";
            }
        }

        @RateLimited(name = "both", fallbackMethod = "instead")
        static class OnType {

            public String call() {
                return "never";
            }

            public String instead() {
                return "fallback";
            }
        }

        interface Client {

            @RateLimited(name = "both", fallbackMethod = "instead")
            String fetch();

            default String instead() {
                return "default";
            }
        }

        static class Clients {

            @Bean
            Client client() {
                return ProxyFactory.getProxy(Client.class, (org.aopalliance.intercept.MethodInterceptor)
                        (invocation) -> invocation.getMethod().isDefault()
                                ? java.lang.reflect.InvocationHandler.invokeDefault(
                                        ((org.springframework.aop.ProxyMethodInvocation) invocation).getProxy(),
                                        invocation.getMethod(),
                                        invocation.getArguments())
                                : "never");
            }
        }
    }

    @Nested
    class Failures {

        @Test
        void sayThatThereIsNoSuchMethod() {
            LimitConfigurationException failure = LimitedApplication.failureOf(Missing.class);
            assertThat(failure.description())
                    .contains("fallbackMethod 'nowhere' of @RateLimited on")
                    .contains("Missing.call(String)")
                    .contains("there is no method of that name");
            assertThat(failure.action()).contains("Declare 'String nowhere(String)'");
        }

        @Test
        void showTheMethodWhoseParametersDoNotFit() {
            assertThat(LimitedApplication.failureOf(WrongParameters.class).description())
                    .contains("there is only String instead(int)");
        }

        @Test
        void showTheMethodWhoseReturnTypeDoesNotFit() {
            assertThat(LimitedApplication.failureOf(WrongReturn.class).description())
                    .contains("there is only Object instead(String)");
        }

        @Test
        void refuseTheMethodItself() {
            assertThat(LimitedApplication.failureOf(Itself.class).description()).contains("fallbackMethod 'call'");
        }

        @Test
        void refuseDifferentFallbacksForOneAcquisition() {
            assertThat(LimitedApplication.failureOf(Differing.class).description())
                    .contains("differ in 'fallbackMethod': 'one' and 'two'");
        }

        static class Missing {

            @RateLimited(name = "both", fallbackMethod = "nowhere")
            public String call(String text) {
                return text;
            }
        }

        static class WrongParameters {

            @RateLimited(name = "both", fallbackMethod = "instead")
            public String call(String text) {
                return text;
            }

            private String instead(int number) {
                return "";
            }
        }

        static class WrongReturn {

            @RateLimited(name = "both", fallbackMethod = "instead")
            public String call(String text) {
                return text;
            }

            private Object instead(String text) {
                return text;
            }
        }

        static class Itself {

            @RateLimited(name = "both", fallbackMethod = "call")
            public String call(String text) {
                return text;
            }
        }

        static class Differing {

            @RateLimited(name = "both", fallbackMethod = "one")
            @ConcurrencyLimited(name = "both", fallbackMethod = "two")
            public void call() {}

            private void one() {}

            private void two() {}
        }
    }
}
