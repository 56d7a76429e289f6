package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitRequest.AmountOf;
import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Annotations that name a pool. */
class PoolsInAnnotationsTests {

    private static LimitedApplication pool(String... members) {
        return new LimitedApplication(
                new PoolDefinition("anywhere", List.of(members), PoolStrategy.ROUND_ROBIN, Map.of()));
    }

    @Test
    void acquireThePool() {
        try (LimitedApplication application = pool("both", "other")) {
            application.start(Calls.class).bean(Calls.class).call();
            assertThat(application.requests())
                    .containsExactly(LimitRequest.of("anywhere").amount(new AmountOf(LimitKind.RATE, "default"), 2));
        }
    }

    @Test
    void answerWithTheFallbackOfThePool() {
        try (LimitedApplication application = pool("both", "other")) {
            application.start(Falling.class);
            application.limiter.refuse("anywhere");
            assertThat(application.bean(Falling.class).call()).isEqualTo("instead");
        }
    }

    @Test
    void takeTheKeyOfTheMembers() {
        try (LimitedApplication application = pool("both", "keyed")) {
            application.start(Tenants.class).bean(Tenants.class).call("acme");
            assertThat(application.requests())
                    .containsExactly(
                            LimitRequest.of("anywhere").only(LimitKind.RATE).key("acme"));
        }
    }

    @Test
    void needTheirLimitsInEveryMember() {
        try (LimitedApplication application = pool("both", "slotted")) {
            assertThat(application.failure(Calls.class).description())
                    .contains("names the resource 'slotted', which has no rate limit");
        }
    }

    @Test
    void mayTakeMoreThanOneMemberHasButNotMoreThanAll() {
        try (LimitedApplication application = pool("both", "other")) {
            assertThat(application.failure(TooMuch.class).description())
                    .contains("has the amount 11, which is above the capacity 10 of the limit 'default' of 'anywhere'");
        }
    }

    @Test
    void cannotDefineLimitsOfAPool() {
        try (LimitedApplication application = pool("both", "other")) {
            assertThat(application.failure(Inline.class).description())
                    .contains("is on 'anywhere', which is a pool: limits belong to its members.");
        }
    }

    @Test
    void thatNameNothingKnownAreToldOfPoolsToo() {
        try (LimitedApplication application = pool("both")) {
            assertThat(application.failure(Unknown.class).description()).contains(", anywhere (a pool).");
        }
    }

    static class Calls {

        @RateLimited(name = "anywhere", amount = "2", amountOf = "default")
        @ConcurrencyLimited("anywhere")
        public void call() {}
    }

    static class Falling {

        @RateLimited(name = "anywhere", fallbackMethod = "instead")
        public String call() {
            return "called";
        }

        String instead(LimitExceededException refusal) {
            return "instead";
        }
    }

    static class Tenants {

        @RateLimited("anywhere")
        public void call(String tenant) {}
    }

    static class TooMuch {

        @RateLimited(name = "anywhere", amount = "11")
        public void call() {}
    }

    static class Inline {

        @RateLimited(name = "anywhere", limit = 1, window = "1s")
        public void call() {}
    }

    static class Unknown {

        @RateLimited("nowhere")
        public void call() {}
    }
}
