package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitPolicy;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.web.RateLimitHeaders;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class RateLimitPropertiesTests {

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(RateLimitAutoConfiguration.class));

    private void bind(String yaml, Consumer<AssertableApplicationContext> check) {
        this.runner
                .withPropertyValues("ratelimit.backend=memory")
                .withInitializer(new Yaml("ratelimit:\n" + yaml.indent(2)))
                .run((context) -> {
                    assertThat(context).hasNotFailed();
                    check.accept(context);
                });
    }

    private ResourceDefinition resource(String name, String yaml) {
        ResourceDefinition[] definition = new ResourceDefinition[1];
        bind(
                yaml,
                (context) ->
                        definition[0] = context.getBean(ResourceRegistry.class).get(name));
        return definition[0];
    }

    private static RateLimit rate(String name, long limit, Duration window) {
        return new RateLimit(name, limit, window, RateAlgorithm.SLIDING_WINDOW);
    }

    @Nested
    class OfPools {

        @Test
        void nameMembersAndStrategy() {
            bind("""
                    resources:
                      east: { rate: 1/1m, attributes: { region: us-east-1 } }
                      west: { rate: 1/1m, attributes: { region: us-west-1 } }
                    pools:
                      anywhere: { resources: [east, west], strategy: weighted, weights: { east: 3 } }
                      in-turn: { resources: west }
                    """, (context) -> {
                assertThat(context.getBean(ResourceRegistry.class).pools())
                        .containsExactly(
                                new PoolDefinition(
                                        "anywhere", List.of("east", "west"), PoolStrategy.WEIGHTED, Map.of("east", 3)),
                                new PoolDefinition("in-turn", List.of("west"), PoolStrategy.ROUND_ROBIN, Map.of()));
                try (Permit permit = context.getBean(Limiter.class).acquire("in-turn")) {
                    assertThat(permit.resource()).isEqualTo("west");
                    assertThat(permit.attributes()).containsEntry("region", "us-west-1");
                }
            });
        }
    }

    @Nested
    class OfTheApplication {

        @Test
        void haveDefaults() {
            bind("backend: memory", (context) -> {
                RateLimitProperties properties = context.getBean(RateLimitProperties.class);
                assertThat(properties.enabled()).isTrue();
                assertThat(properties.keyPrefix()).isEqualTo("ratelimit:${spring.application.name:}:");
                assertThat(properties.commandTimeout()).isEqualTo(Duration.ofMillis(500));
                assertThat(properties.web().headers()).isEqualTo(RateLimitHeaders.IETF);
                assertThat(properties.resources()).isEmpty();
                assertThat(context.getBean(ResourceRegistry.class).defaults()).isEqualTo(ResourceDefaults.STANDARD);
            });
        }

        @Test
        void holdForResourcesThatDoNotSayOtherwise() {
            ResourceDefinition pool = resource("pool", """
                    on-backend-failure: reject
                    lease: 30s
                    defaults: { policy: observe }
                    resources: { pool: { concurrency: 10, policy: inherit } }
                    """);

            assertThat(pool.onBackendFailure()).isEqualTo(BackendFailurePolicy.REJECT);
            assertThat(pool.policy()).isEqualTo(LimitPolicy.OBSERVE);
            assertThat(pool.limits())
                    .containsExactly(new ConcurrencyLimit("default", 10, Duration.ofSeconds(30), null));
        }

        @Test
        void sayHowResourcesWait() {
            String yaml = """
                    defaults: { policy: block, max-wait: 5s, max-queue: 20 }
                    resources:
                      pool: { concurrency: 10 }
                      other: { concurrency: 10, max-wait: PT1M, max-queue: 30 }
                    """;

            assertThat(resource("pool", yaml))
                    .extracting(ResourceDefinition::policy, ResourceDefinition::maxWait, ResourceDefinition::maxQueue)
                    .containsExactly(LimitPolicy.BLOCK, Duration.ofSeconds(5), 20);
            assertThat(resource("other", yaml))
                    .extracting(ResourceDefinition::policy, ResourceDefinition::maxWait, ResourceDefinition::maxQueue)
                    .containsExactly(LimitPolicy.BLOCK, Duration.ofMinutes(1), 30);
        }

        @Test
        void choosesTheHeaders() {
            bind(
                    "web: { headers: legacy }",
                    (context) -> assertThat(context.getBean(RateLimitProperties.class)
                                    .web()
                                    .headers())
                            .isEqualTo(RateLimitHeaders.LEGACY));
        }
    }

    @Nested
    class OfAResource {

        @Test
        void haveShortForms() {
            assertThat(resource("pool", "resources: { pool: { rate: 100/1m, concurrency: 10 } }"))
                    .isEqualTo(ResourceDefinition.of(
                            "pool", RateLimit.of(100, Duration.ofMinutes(1)), ConcurrencyLimit.of(10)));
        }

        @Test
        void haveLongForms() {
            ResourceDefinition openai = resource("openai", """
                    resources:
                      openai:
                        key: user
                        rates:
                          requests: 500/1m
                          tokens: { limit: 10000, window: 2m, algorithm: sliding-window }
                        concurrency: { limit: 20, lease: 30s, max-hold: 10m }
                        concurrencies:
                          uploads: 3
                          downloads: { limit: 4 }
                        policy: observe
                        on-backend-failure: allow
                        hash-keys: true
                        backend: memory
                        attributes: { region: us-east-1 }
                    """);

            assertThat(openai.limits())
                    .containsExactlyInAnyOrder(
                            rate("requests", 500, Duration.ofMinutes(1)),
                            rate("tokens", 10_000, Duration.ofMinutes(2)),
                            new ConcurrencyLimit("default", 20, Duration.ofSeconds(30), Duration.ofMinutes(10)),
                            new ConcurrencyLimit("uploads", 3, Duration.ofSeconds(10), null),
                            new ConcurrencyLimit("downloads", 4, Duration.ofSeconds(10), null));
            assertThat(openai.key()).isEqualTo("user");
            assertThat(openai.policy()).isEqualTo(LimitPolicy.OBSERVE);
            assertThat(openai.onBackendFailure()).isEqualTo(BackendFailurePolicy.ALLOW);
            assertThat(openai.hashKeys()).isTrue();
            assertThat(openai.perInstance()).isTrue();
            assertThat(openai.attributes()).isEqualTo(Map.of("region", "us-east-1"));
        }

        @Test
        void countAsTheirAlgorithmDoes() {
            ResourceDefinition llm = resource("llm", """
                    resources:
                      llm:
                        rates:
                          fixed: { limit: 500/1m, algorithm: fixed-window }
                          tokens: { limit: 10000, window: 1m, algorithm: token-bucket, burst: 2000 }
                          plain: { limit: 100/1s, algorithm: token-bucket }
                          even: { limit: 100/1s, algorithm: leaky-bucket }
                          some: { limit: 100/1s, algorithm: leaky-bucket, burst: 5 }
                    """);

            assertThat(llm.limits())
                    .containsExactlyInAnyOrder(
                            new RateLimit("fixed", 500, Duration.ofMinutes(1), RateAlgorithm.FIXED_WINDOW),
                            new RateLimit("tokens", 10_000, Duration.ofMinutes(1), RateAlgorithm.TOKEN_BUCKET, 2_000),
                            new RateLimit("plain", 100, Duration.ofSeconds(1), RateAlgorithm.TOKEN_BUCKET, 100),
                            new RateLimit("even", 100, Duration.ofSeconds(1), RateAlgorithm.LEAKY_BUCKET, 1),
                            new RateLimit("some", 100, Duration.ofSeconds(1), RateAlgorithm.LEAKY_BUCKET, 5));
        }

        @ParameterizedTest
        @CsvSource({
            "2.5/1s, 5, 2000",
            "2.5/s, 5, 2000",
            "0.2/s, 1, 5000",
            "1.125/100ms, 9, 800",
            "2.0/1m, 2, 60000",
            "100/m, 100, 60000"
        })
        void mayHaveAFractionOfALimit(String rate, long limit, long windowMillis) {
            assertThat(resource("pool", "resources: { pool: { rate: " + rate + " } }"))
                    .isEqualTo(ResourceDefinition.of("pool", RateLimit.of(limit, Duration.ofMillis(windowMillis))));
        }

        @Test
        void haveAWaitOfTheirOwn() {
            ResourceDefinition pool = resource("pool", """
                    resources: { pool: { concurrency: 10, policy: block, max-wait: 500ms, max-queue: 1 } }
                    """);

            assertThat(pool.policy()).isEqualTo(LimitPolicy.BLOCK);
            assertThat(pool.maxWait()).isEqualTo(Duration.ofMillis(500));
            assertThat(pool.maxQueue()).isEqualTo(1);
        }

        @Test
        void mayGiveAMaxWaitToRequestsThatBlockThoughTheyRejectThemselves() {
            ResourceDefinition pool = resource("pool", "resources: { pool: { concurrency: 10, max-wait: 5s } }");

            assertThat(pool.policy()).isEqualTo(LimitPolicy.REJECT);
            assertThat(pool.maxWait()).isEqualTo(Duration.ofSeconds(5));
        }

        @Test
        void haveNoKeyAndASharedCountByDefault() {
            ResourceDefinition pool = resource("pool", "resources: { pool: { concurrency: 10 } }");

            assertThat(pool.key()).isNull();
            assertThat(pool.perInstance()).isFalse();
            assertThat(pool.hashKeys()).isFalse();
            assertThat(pool.attributes()).isEmpty();
        }

        @ParameterizedTest
        @CsvSource({"1m, PT1M", "PT1M, PT1M", "100ms, PT0.1S", "30d, PT720H", "2h, PT2H", "' 5s ', PT5S"})
        void takeWindowsInManyForms(String window, Duration length) {
            assertThat(resource(
                                    "a",
                                    "resources: { a: { rates: { x: { limit: 1, window: '" + window + "' }, y: '7/"
                                            + window + "' } } }")
                            .limits())
                    .containsExactlyInAnyOrder(rate("x", 1, length), rate("y", 7, length));
        }

        @ParameterizedTest
        @CsvSource({"'10', 10", "10, 10", "10.0, 10", "1e3, 1000"})
        void takeWholeNumbersHoweverWritten(String written, long limit) {
            assertThat(resource("a", "resources: { a: { concurrency: " + written + " } }")
                            .limits())
                    .containsExactly(ConcurrencyLimit.of(limit));
        }

        @Test
        void keepItsNameAsWritten() {
            assertThat(resource("Report_Api.export", "resources: { '[Report_Api.export]': { rate: 1/1s } }")
                            .name())
                    .isEqualTo("Report_Api.export");
        }
    }

    @Nested
    class FromOtherSources {

        @Test
        void bindFromPropertiesFiles() {
            runner.withPropertyValues(
                            "ratelimit.backend=memory",
                            "ratelimit.resources.pool.concurrency=10",
                            "ratelimit.resources.pool.rates.tokens.limit=5",
                            "ratelimit.resources.pool.rates.tokens.window=1s")
                    .run((context) -> assertThat(
                                    context.getBean(ResourceRegistry.class).get("pool"))
                            .isEqualTo(ResourceDefinition.of(
                                    "pool", rate("tokens", 5, Duration.ofSeconds(1)), ConcurrencyLimit.of(10))));
        }

        @Test
        void takePlaceholders() {
            runner.withPropertyValues(
                            "ratelimit.backend=memory", "slots=7", "ratelimit.resources.pool.concurrency=${slots}")
                    .run((context) -> assertThat(context.getBean(ResourceRegistry.class)
                                    .get("pool")
                                    .limits())
                            .containsExactly(ConcurrencyLimit.of(7)));
        }

        @Test
        void ofSystemPropertiesMayBeOtherPeoples() {
            runner.withPropertyValues("ratelimit.backend=memory")
                    .withSystemProperties("ratelimit.test.something=1")
                    .run((context) -> assertThat(context).hasNotFailed());
        }
    }
}
