package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import io.ratelimit.aop.elsewhere.PackagePrivateBase;
import java.lang.reflect.Proxy;
import java.util.List;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.modifier.Visibility;
import net.bytebuddy.implementation.StubMethod;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.PriorityOrdered;

/** Annotations that no proxy can apply are never ignored in silence. */
class UnreachableMethodsTests {

    @Nested
    class StopTheApplication {

        @Test
        void aPrivateMethod() {
            LimitConfigurationException failure = LimitedApplication.failureOf(PrivateMethod.class);
            assertThat(failure.description())
                    .contains("@RateLimited on", "PrivateMethod.call(String)", "the method is private");
            assertThat(failure.action()).contains("public");
        }

        @Test
        void aPrivateMethodOfASuperclass() {
            assertThat(LimitedApplication.failureOf(ChildOfPrivate.class).description())
                    .contains("PrivateMethod.call(String)", "the method is private");
        }

        @Test
        void aStaticMethod() {
            assertThat(LimitedApplication.failureOf(StaticMethod.class).description())
                    .contains("StaticMethod.call()", "the method is static");
        }

        @Test
        void aFinalMethod() {
            assertThat(LimitedApplication.failureOf(FinalMethod.class).description())
                    .contains("FinalMethod.call() is final");
        }

        @Test
        void aFinalMethodOfATypeWithAnAnnotation() {
            assertThat(LimitedApplication.failureOf(TypeWithFinalMethod.class).description())
                    .contains("@ConcurrencyLimited on", "TypeWithFinalMethod.call() is final");
        }

        @Test
        void aFinalClassWithoutInterface() {
            LimitConfigurationException failure = LimitedApplication.failureOf(FinalClass.class);
            assertThat(failure.description()).contains("FinalClass", "final or sealed");
        }

        @Test
        void aMethodOfAFinalClassThatIsOnNoInterface() {
            assertThat(LimitedApplication.failureOf(FinalClassWithOtherInterface.class)
                            .description())
                    .contains(
                            "FinalClassWithOtherInterface.call()", "JDK proxy", "not on any of its interfaces (Other");
        }

        @Test
        void aMethodThatIsOnNoInterfaceWhereClassesAreNotProxied() {
            try (LimitedApplication application = new LimitedApplication().interfaceProxies()) {
                LimitConfigurationException failure = application.failure(NotOnInterface.class);
                assertThat(failure.description()).contains("NotOnInterface.call()", "JDK proxy");
                assertThat(failure.action()).contains("spring.aop.proxy-target-class=true");
            }
        }

        @Test
        void aPackagePrivateMethodOfAnotherPackage() {
            assertThat(LimitedApplication.failureOf(OfOtherPackage.class).description())
                    .contains("PackagePrivateBase.hidden()", "cannot see the method");
        }

        @Test
        void aClassThatAnotherProcessorHidesBehindAProxyOfItsOwn() {
            assertThat(LimitedApplication.failureOf(Hiding.class, NotOnInterface.class)
                            .description())
                    .contains("NotOnInterface.call()", "JDK proxy");
        }

        @Test
        void aBeanMethod() {
            LimitConfigurationException failure = LimitedApplication.failureOf(LimitedBeanMethod.class);
            assertThat(failure.description()).contains("LimitedBeanMethod.text()", "creation of a bean");
        }

        @Test
        void aTypeWithNothingButBeanMethods() {
            assertThat(LimitedApplication.failureOf(LimitedConfiguration.class).description())
                    .contains("LimitedConfiguration", "no method that a proxy can intercept");
        }

        @Test
        void aTypeWithoutMethods() {
            assertThat(LimitedApplication.failureOf(NoMethods.class).description())
                    .contains("NoMethods", "no method that a proxy can intercept");
        }

        static class PrivateMethod {

            @RateLimited("rated")
            private void call(String text) {}
        }

        static class ChildOfPrivate extends PrivateMethod {}

        static class StaticMethod {

            @RateLimited("rated")
            public static void call() {}
        }

        static class FinalMethod {

            @RateLimited("rated")
            public final void call() {}
        }

        @ConcurrencyLimited("slotted")
        static class TypeWithFinalMethod {

            public void other() {}

            public final void call() {}
        }

        static final class FinalClass {

            @RateLimited("rated")
            public void call() {}
        }

        interface Other {

            void other();
        }

        static final class FinalClassWithOtherInterface implements Other {

            @Override
            public void other() {}

            @RateLimited("rated")
            public void call() {}
        }

        static class NotOnInterface implements Other {

            @Override
            public void other() {}

            @RateLimited("rated")
            public void call() {}
        }

        static class OfOtherPackage extends PackagePrivateBase {}

        static class Hiding implements BeanPostProcessor, PriorityOrdered {

            @Override
            public Object postProcessAfterInitialization(Object bean, String beanName) {
                return (bean instanceof Other)
                        ? Proxy.newProxyInstance(
                                Other.class.getClassLoader(),
                                new Class<?>[] {Other.class},
                                (proxy, method, args) -> method.invoke(bean, args))
                        : bean;
            }

            @Override
            public int getOrder() {
                return 0;
            }
        }

        @Configuration
        static class LimitedBeanMethod {

            @Bean
            @RateLimited("rated")
            String text() {
                return "";
            }
        }

        @Configuration
        @RateLimited("rated")
        static class LimitedConfiguration {

            @Bean
            String text() {
                return "";
            }
        }

        @RateLimited("rated")
        static class NoMethods {

            private void hidden() {}
        }
    }

    @Nested
    @ExtendWith(OutputCaptureExtension.class)
    class AreNamedInAWarning {

        @Test
        void whereABeanIsCreatedBeforeTheLimits(CapturedOutput output) {
            try (LimitedApplication application =
                    new LimitedApplication().start(EarlyProcessor.class, TooEarly.class)) {
                application.bean(TooEarly.class).call();
                assertThat(application.requests()).as("it is not limited").isEmpty();
                assertThat(output)
                        .contains("The limits of bean 'unreachableMethodsTests.AreNamedInAWarning.TooEarly'")
                        .contains("do not apply");
            }
        }

        @Test
        void whereABeanIsRegisteredByHand(CapturedOutput output) {
            try (LimitedApplication application = new LimitedApplication()) {
                application.context.getBeanFactory().registerSingleton("byHand", new TooEarly());
                application.start();
                assertThat(output).contains("The limits of bean 'byHand'");
            }
        }

        @Test
        void butNotWhereTheyApply(CapturedOutput output) {
            try (LimitedApplication application = new LimitedApplication().start(TooEarly.class)) {
                application.bean(TooEarly.class).call();
                assertThat(application.requests()).hasSize(1);
                assertThat(output).doesNotContain("do not apply");
            }
        }

        @Test
        void whereTheMethodsOfAClassCannotBeRead(CapturedOutput output) {
            ByteBuddy generator = new ByteBuddy();
            Class<?> missing = generator
                    .makeInterface()
                    .name("sample.Missing")
                    .make()
                    .load(getClass().getClassLoader())
                    .getLoaded();
            Class<?> broken = generator
                    .subclass(Object.class)
                    .name("sample.Broken")
                    .defineMethod("call", missing, Visibility.PUBLIC)
                    .intercept(StubMethod.INSTANCE)
                    .make()
                    .load(getClass().getClassLoader())
                    .getLoaded();
            assertThat(new LimitAnnotations().areDeclaredIn(List.of(broken))).isFalse();
            assertThat(output)
                    .contains("The methods of sample.Broken cannot be read")
                    .contains("sample.Missing");
        }

        static class TooEarly {

            @RateLimited("rated")
            public void call() {}
        }

        static class EarlyProcessor {

            @Bean
            static PriorityProcessor processor(TooEarly dependency) {
                return new PriorityProcessor();
            }
        }

        static class PriorityProcessor implements BeanPostProcessor, PriorityOrdered {

            @Override
            public int getOrder() {
                return 0;
            }
        }
    }
}
