package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.Limit;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitResolver;
import io.ratelimit.LimitStatus;
import io.ratelimit.Limiter;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;

/** Limits per key: plans of {@code application.yml}, and resolvers of the application. */
class PlansTests {

    private static final String API = """
            resources:
              api:
                key: user
                rate: 10/1m
                concurrency: 5
                plan: "@customers.get(#key)"
                plans:
                  free: { rate: 10/1m }
                  pro: { rate: 100/1m, concurrency: 50 }
            """;

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(RateLimitAutoConfiguration.class))
            .withBean("customers", Map.class, () -> Map.of("anna", "pro", "bob", "free", "carl", "gold"));

    private ApplicationContextRunner with(String yaml) {
        return this.runner.withInitializer(new Yaml("ratelimit:\n  backend: memory\n" + yaml.indent(2)));
    }

    private static List<Long> limits(ApplicationContext context, String key) {
        return context.getBean(Limiter.class).acquire(LimitRequest.of("api").key(key)).limits().stream()
                .map(LimitStatus::limit)
                .map(Limit::limit)
                .toList();
    }

    @Nested
    @ExtendWith(OutputCaptureExtension.class)
    class Present {

        @Test
        void decideByTheExpression() {
            with(API).run((context) -> {
                assertThat(limits(context, "anna")).containsExactly(100L, 50L);
                assertThat(limits(context, "bob")).containsExactly(10L, 5L);
                assertThat(limits(context, "nobody")).containsExactly(10L, 5L);
            });
        }

        @Test
        void warnOnceOfAPlanThatIsNotThere(CapturedOutput output) {
            with("plan-cache: 0s\n" + API).run((context) -> {
                assertThat(limits(context, "carl")).containsExactly(10L, 5L);
                assertThat(limits(context, "carl")).containsExactly(10L, 5L);
            });
            assertThat(output.toString().split("There is no plan 'gold' for the resource 'api'", -1))
                    .hasSize(2);
        }

        @Test
        void writeNoLineIntoTheLogForAClient(CapturedOutput output) {
            with(API.replace("plan: ", "plan: \"#key\" #")).run((context) -> {
                assertThat(limits(context, "x\nforged\u2028line\u0007" + "y".repeat(1_000)))
                        .containsExactly(10L, 5L);
            });
            assertThat(output).contains("There is no plan 'x?forged?line?yyy").doesNotContain("y".repeat(101));
        }

        @Test
        void comeAfterAResolverOfTheApplication() {
            LimitResolver own =
                    (resource, key) -> key.equals("bob") ? List.of(RateLimit.of(77, Duration.ofMinutes(1))) : List.of();
            PlansTests.this.with(API).withBean(LimitResolver.class, () -> own).run((context) -> {
                assertThat(limits(context, "bob")).containsExactly(77L, 5L);
                assertThat(limits(context, "anna")).containsExactly(100L, 50L);
            });
        }

        @Test
        void areNotNeededForAResolver() {
            LimitResolver own = (resource, key) -> List.of(RateLimit.of(77, Duration.ofMinutes(1)));
            with("resources: { api: { rate: 10/1m } }")
                    .withBean(LimitResolver.class, () -> own)
                    .run((context) -> assertThat(limits(context, "bob")).containsExactly(77L));
        }

        @Test
        void doNothingWhereLimitsAreDisabled() {
            with("enabled: false\n" + API)
                    .run((context) -> assertThat(limits(context, "anna")).isEmpty());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    plan: "@customers.get(#"        | It is not an expression
                    plan: "@customers.get(#user)"   | #user is not known here
                    plan: "user"                    | 'user' is not known here
                    key: user                       | 'ratelimit.resources.api.plan' is not set
                    """)
    void badExpressionsStopTheApplication(String line, String said) {
        with("resources: { api: { rate: 1/1m, %s, plans: { pro: { rate: 2/1m } } } }".formatted(line))
                .run((context) -> {
                    FailureAnalysis analysis = Analysis.of(context);
                    assertThat(analysis.getDescription()).contains(said);
                    assertThat(analysis.getAction()).contains("@customers.planOf(#key)");
                });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    { }                     | The property 'ratelimit.resources.api.plan' is set, but the resource has no plans.
                    { pro: { rate: 1 } }    | The property 'ratelimit.resources.api.plans.pro.rate' is '1'.
                    { pro: { rates: { tokens: 1/1m } } } | has the rate limit 'tokens', which the resource 'api' does not have. Its limits: default.
                    { pro: { concurrency: 1 } } | has the concurrency limit 'default', which the resource 'api' does not have.
                    """)
    void badPlansStopTheApplication(String plans, String said) {
        with("resources: { api: { rate: 1/1m, plan: \"'pro'\", plans: %s } }".formatted(plans))
                .run((context) ->
                        assertThat(Analysis.of(context).getDescription()).contains(said));
    }

    @Test
    void aNegativeCacheStopsTheApplication() {
        with("plan-cache: -1s\n" + API)
                .run((context) -> assertThat(Analysis.of(context).getDescription())
                        .contains("ratelimit.plan-cache", "It is negative"));
    }
}
