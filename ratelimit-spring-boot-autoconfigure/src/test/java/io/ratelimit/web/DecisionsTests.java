package io.ratelimit.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class DecisionsTests {

    @Nested
    class Names {

        @Test
        void aLimitGoesByItsName() {
            assertThat(names(decided("openai", rate("requests"), rate("tokens"), slots("workers"))))
                    .containsExactly("requests", "tokens", "workers");
        }

        @Test
        void aDefaultLimitGoesByTheNameOfItsResource() {
            assertThat(names(decided("openai", rate("default")))).containsExactly("openai");
            assertThat(names(decided("postgres-pool", slots("default")))).containsExactly("postgres-pool");
        }

        @Test
        void aConcurrencyLimitThatIsNamedLikeARateLimitOfItsResourceSaysWhatItIs() {
            assertThat(names(decided("postgres-pool", rate("default"), slots("default"))))
                    .containsExactly("postgres-pool", "postgres-pool-concurrency");
            assertThat(names(decided("openai", rate("jobs"), slots("jobs"))))
                    .containsExactly("jobs", "jobs-concurrency");
        }

        @Test
        void aNameThatAnEarlierResourceHasTakenIsQualified() {
            Decisions decisions = decided("openai", rate("requests"), slots("default"))
                    .with("search", statuses(rate("requests"), slots("openai")));

            assertThat(names(decisions)).containsExactly("requests", "openai", "search.requests", "search.openai");
        }

        @Test
        void whateverIsStillTakenIsNumbered() {
            Decisions decisions = decided("a", rate("x"), rate("b.x")).with("b", statuses(rate("x"), slots("b.x")));

            assertThat(names(decisions)).containsExactly("x", "b.x", "b.x-2", "b.b.x");
            assertThat(names(decided("openai", rate("default"), rate("openai"), rate("openai.openai"))))
                    .doesNotHaveDuplicates()
                    .hasSize(3);
        }

        @Test
        void theNamesOfAResourceStayThoseOfTheResponseWhenSomeOfItsLimitsAreAskedFor() {
            Decisions decisions =
                    decided("openai", rate("requests")).with("search", statuses(rate("requests"), slots("default")));

            assertThat(decisions.policyNames("search", List.of(slots("default"), rate("requests"))))
                    .containsExactly("search", "search.requests");
        }

        @Test
        void aLimitWhoseStandingIsUnknownStillHasAName() {
            assertThat(Decisions.NONE.policyNames("openai", List.of(slots("default"), rate("requests"))))
                    .containsExactly("openai", "requests");
        }
    }

    @Nested
    class History {

        @Test
        void aLaterDecisionOnAResourceReplacesTheEarlierInItsPlace() {
            Decisions decisions = decided("a", rate("x"))
                    .with("b", statuses(rate("y")))
                    .with("a", List.of(new LimitStatus(rate("x"), 7, Duration.ofSeconds(3))));

            assertThat(RateLimitHeaders.IETF.fields(decisions))
                    .containsEntry("RateLimit", "\"x\";r=3;t=3, \"y\";r=9;t=1");
        }

        @Test
        void decisionsWithoutStandingChangeNothing() {
            Decisions before = decided("a", rate("x"));

            assertThat(before.with("a", List.of())).isSameAs(before);
        }

        @Test
        void addingLeavesTheEarlierDecisionsAsTheyWere() {
            Decisions before = decided("a", rate("x"));
            before.with("b", statuses(rate("y")));

            assertThat(names(before)).containsExactly("x");
        }
    }

    private static List<String> names(Decisions decisions) {
        return decisions.policies().stream().map(Policy::name).toList();
    }

    private static Decisions decided(String resource, Limit... limits) {
        return Decisions.NONE.with(resource, statuses(limits));
    }

    private static List<LimitStatus> statuses(Limit... limits) {
        return Stream.of(limits)
                .map((limit) -> new LimitStatus(limit, 1, Duration.ofSeconds(1)))
                .toList();
    }

    private static Limit rate(String name) {
        return new RateLimit(name, 10, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);
    }

    private static Limit slots(String name) {
        return new ConcurrencyLimit(name, 10, ConcurrencyLimit.DEFAULT_LEASE, null);
    }
}
