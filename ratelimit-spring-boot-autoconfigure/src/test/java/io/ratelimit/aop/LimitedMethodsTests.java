package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.core.annotation.AliasFor;

/** What the calls of annotated methods acquire. */
class LimitedMethodsTests {

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    @Nested
    class Kinds {

        @Test
        void rateLimitedAcquiresOnlyRates() {
            application.start(Plain.class).bean(Plain.class).rated();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both").only(LimitKind.RATE));
        }

        @Test
        void concurrencyLimitedAcquiresOnlySlots() {
            application.start(Plain.class).bean(Plain.class).slotted();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both").only(LimitKind.CONCURRENCY));
        }

        @Test
        void bothOfOneResourceAreOneRequest() {
            application.start(Plain.class).bean(Plain.class).together();
            assertThat(application.requests()).containsExactly(LimitRequest.of("both"));
        }

        @Test
        void theSameResourceWithDifferentKeysIsAcquiredTwice() {
            application.start(Plain.class).bean(Plain.class).differentKeys("a", "b");
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("both").key("a").only(LimitKind.RATE),
                            LimitRequest.of("both").key("b").only(LimitKind.CONCURRENCY));
        }

        @Test
        void aMethodWithoutAnnotationAcquiresNothing() {
            assertThat(application.start(Plain.class).bean(Plain.class).free()).isEqualTo("free");
            assertThat(application.requests()).isEmpty();
        }

        static class Plain {

            @RateLimited("both")
            public void rated() {}

            @ConcurrencyLimited("both")
            public void slotted() {}

            @RateLimited("both")
            @ConcurrencyLimited("both")
            public void together() {}

            @RateLimited(name = "both", key = "#a")
            @ConcurrencyLimited(name = "both", key = "#b")
            public void differentKeys(String a, String b) {}

            public String free() {
                return "free";
            }
        }
    }

    @Nested
    class Order {

        @Test
        void resourcesAreAcquiredInTheOrderDeclared() {
            application.start(Ordered.class).bean(Ordered.class).slotsFirst();
            assertThat(application.events()).containsExactly("+slotted", "+rated", "body", "-rated", "-slotted");
        }

        @Test
        void aTypesLimitsComeBeforeItsMethods() {
            application.start(OnType.class).bean(OnType.class).more();
            assertThat(application.events()).containsExactly("+slotted", "+rated", "-rated", "-slotted");
        }

        @Test
        void aResourceIsAcquiredWhereItFirstStands() {
            application.start(OnType.class).bean(OnType.class).sameAgain();
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("slotted").only(LimitKind.CONCURRENCY),
                            LimitRequest.of("rated").only(LimitKind.RATE));
        }

        @Test
        void aComposedAnnotationCountsWhereItStands() {
            application.start(Ordered.class).bean(Ordered.class).composedFirst();
            assertThat(application.requests())
                    .extracting(LimitRequest::resource)
                    .containsExactly("other", "rated");
        }

        @Test
        void aRefusalUndoesWhatCameBeforeAndTheBodyDoesNotRun() {
            application.start(Ordered.class);
            application.limiter.refuse("rated");
            assertThatThrownBy(() -> application.bean(Ordered.class).slotsFirst())
                    .isInstanceOf(LimitExceededException.class);
            assertThat(application.events()).containsExactly("+slotted", "!rated", "~slotted");
        }

        static class Ordered {

            private final RecordingLimiter limiter;

            Ordered(RecordingLimiter limiter) {
                this.limiter = limiter;
            }

            @ConcurrencyLimited("slotted")
            @RateLimited("rated")
            public void slotsFirst() {
                this.limiter.note("body");
            }

            @OtherOnce
            @RateLimited("rated")
            public void composedFirst() {}
        }

        @ConcurrencyLimited("slotted")
        static class OnType {

            @RateLimited("rated")
            public void more() {}

            @RateLimited("rated")
            @ConcurrencyLimited("slotted")
            public void sameAgain() {}
        }

        @ConcurrencyLimited("other")
        @Retention(RetentionPolicy.RUNTIME)
        @interface OtherOnce {}
    }

    @Nested
    class Places {

        @Test
        void aTypesLimitIsSharedByItsMethods() {
            application.start(WholeType.class);
            application.bean(WholeType.class).one();
            application.bean(WholeType.class).two();
            assertThat(application.requests()).containsExactly(typeRequest(), typeRequest());
        }

        @Test
        void aTypesLimitHoldsForInheritedAndPackagePrivateMethodsButNotForThoseOfObject() {
            Sub sub = application.start(Sub.class).bean(Sub.class);
            sub.inherited();
            sub.hidden();
            assertThat(sub.toString()).isEqualTo("sub");
            assertThat(application.requests()).hasSize(2);
        }

        @Test
        void repeatedAnnotationsAllApply() {
            application.start(Repeated.class).bean(Repeated.class).twice();
            assertThat(application.events()).containsExactly("+rated", "+both", "-both", "-rated");
        }

        @Test
        void composedAnnotationsApplyWithTheirAttributes() {
            application.start(Composed.class).bean(Composed.class).call("u1");
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("other").key("u1").only(LimitKind.RATE));
        }

        @Test
        void repeatedAnnotationsOnAComposedOneAllApply() {
            application.start(Composed.class).bean(Composed.class).two();
            assertThat(application.requests())
                    .extracting(LimitRequest::resource)
                    .containsExactly("rated", "both");
        }

        @Test
        void anOverrideWithoutAnnotationInheritsIt() {
            application.start(Overriding.class).bean(Overriding.class).inherits();
            assertThat(application.requests())
                    .extracting(LimitRequest::resource)
                    .containsExactly("rated");
        }

        @Test
        void anOverrideWithAnAnnotationReplacesThatOfItsKind() {
            application.start(Overriding.class).bean(Overriding.class).replaces();
            assertThat(application.events()).containsExactly("+other", "+slotted", "-slotted", "-other");
        }

        @Test
        void anInterfacesAnnotationHoldsForTheBeanBehindIt() {
            application.start(Service.class).bean(Service.class).call("k");
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both").key("k").only(LimitKind.RATE));
        }

        @Test
        void anInterfacesAnnotationHoldsForAMethodThatASuperclassImplements() {
            application.start(Inherits.class).bean(Inherits.class).call("k");
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both").key("k").only(LimitKind.RATE));
        }

        @Test
        void aMethodOfAGenericSuperclassIsLimited() {
            application.start(Texts.class).bean(Texts.class).save("t");
            assertThat(application.requests()).extracting(LimitRequest::key).containsExactly("t");
        }

        @Test
        void anOverrideOfAGenericMethodIsLimitedAlsoThroughItsBridge() {
            Store<String> store = application.start(Texts.class).bean(Texts.class);
            store.load("t");
            assertThat(application.events()).containsExactly("+rated", "-rated");
        }

        private LimitRequest typeRequest() {
            return LimitRequest.of("rated").only(LimitKind.RATE);
        }

        @RateLimited("rated")
        static class WholeType {

            public void one() {}

            public void two() {}
        }

        static class Unlimited {

            public void inherited() {}
        }

        @RateLimited("rated")
        static class Sub extends Unlimited {

            void hidden() {}

            @Override
            public String toString() {
                return "sub";
            }
        }

        static class Repeated {

            @RateLimited("rated")
            @RateLimited("both")
            public void twice() {}
        }

        @RateLimited(name = "other")
        @Retention(RetentionPolicy.RUNTIME)
        @interface PerUser {

            @AliasFor(annotation = RateLimited.class, attribute = "key")
            String by();
        }

        @RateLimited("rated")
        @RateLimited("both")
        @Retention(RetentionPolicy.RUNTIME)
        @interface Twice {}

        static class Composed {

            @PerUser(by = "#user")
            public void call(String user) {}

            @Twice
            public void two() {}
        }

        static class Overridden {

            @RateLimited("rated")
            public void inherits() {}

            @RateLimited("rated")
            @ConcurrencyLimited("slotted")
            public void replaces() {}
        }

        static class Overriding extends Overridden {

            @Override
            public void inherits() {}

            @Override
            @RateLimited("other")
            public void replaces() {}
        }

        interface Api {

            @RateLimited(name = "both", key = "#id")
            void call(String id);
        }

        static class Service implements Api {

            @Override
            public void call(String otherName) {}
        }

        static class NoApi {

            public void call(String otherName) {}
        }

        static class Inherits extends NoApi implements Api {}

        abstract static class Store<T> {

            @RateLimited(name = "rated", key = "#p0")
            public void save(T item) {}

            public abstract void load(T item);
        }

        static class Texts extends Store<String> {

            @Override
            @RateLimited("rated")
            public void load(String item) {}
        }
    }

    @Nested
    class Policies {

        @Test
        void aPolicyIsHandedOn() {
            application.start(WithPolicy.class).bean(WithPolicy.class).observed();
            assertThat(application.requests()).extracting(LimitRequest::policy).containsExactly(LimitPolicy.OBSERVE);
        }

        @Test
        void aPolicyGivenOnceHoldsForTheWholeAcquisition() {
            application.start(WithPolicy.class).bean(WithPolicy.class).onOneOfTwo();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("both").policy(LimitPolicy.OBSERVE));
        }

        @Test
        void differentPoliciesForOneAcquisitionStopTheApplication() {
            LimitConfigurationException failure = LimitedApplication.failureOf(Differing.class);
            assertThat(failure.description())
                    .contains("Differing.call()")
                    .contains("'policy'")
                    .contains("'OBSERVE' and 'REJECT'");
        }

        static class WithPolicy {

            @RateLimited(name = "both", policy = LimitPolicy.OBSERVE)
            public void observed() {}

            @RateLimited(name = "both", policy = LimitPolicy.OBSERVE)
            @ConcurrencyLimited("both")
            public void onOneOfTwo() {}
        }

        static class Differing {

            @RateLimited(name = "both", policy = LimitPolicy.OBSERVE)
            @ConcurrencyLimited(name = "both", policy = LimitPolicy.REJECT)
            public void call() {}
        }
    }

    @Nested
    class Surroundings {

        private final List<String> decided = new ArrayList<>();

        private final CallContext context = new CallContext() {

            @Override
            public void decided(String resource, List<LimitStatus> limits) {
                decided.add(resource + " " + limits.get(0).used());
            }
        };

        @Test
        void learnOfEachGrantOnce() {
            application
                    .within(this.context)
                    .start(Calls.class)
                    .bean(Calls.class)
                    .two();
            assertThat(this.decided).containsExactly("rated 1", "slotted 1");
        }

        @Test
        void learnOfARefusalOnce() {
            application.within(this.context).start(Calls.class);
            application.limiter.refuse("slotted");
            assertThatThrownBy(() -> application.bean(Calls.class).two()).isInstanceOf(LimitExceededException.class);
            assertThat(this.decided).containsExactly("slotted 10");
        }

        @Test
        void thatFailFreeTheSlots() {
            CallContext failing = new CallContext() {

                @Override
                public void decided(String resource, List<LimitStatus> limits) {
                    throw new IllegalStateException("no room for headers");
                }
            };
            application.within(failing).start(Calls.class);
            assertThatThrownBy(() -> application.bean(Calls.class).two()).hasMessage("no room for headers");
            assertThat(application.events()).containsExactly("+rated", "+slotted", "-slotted", "-rated");
        }

        @Test
        void ofTheBodyKnowItsPermitsInnermostFirst() {
            assertThat(application.start(Calls.class).bean(Calls.class).current())
                    .extracting(Permit::resource)
                    .containsExactly("slotted", "rated");
            assertThat(Permits.current()).isEmpty();
        }

        static class Calls {

            @RateLimited("rated")
            @ConcurrencyLimited("slotted")
            public void two() {}

            @RateLimited("rated")
            @ConcurrencyLimited("slotted")
            public List<Permit> current() {
                return Permits.current();
            }
        }
    }
}
