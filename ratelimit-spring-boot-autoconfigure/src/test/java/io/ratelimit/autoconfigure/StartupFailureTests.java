package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.ratelimit.LimitPolicy;
import io.ratelimit.Limiter;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

class StartupFailureTests {

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(RateLimitAutoConfiguration.class));

    private FailureAnalysis analysisOf(ApplicationContextRunner runner) {
        FailureAnalysis[] analysis = new FailureAnalysis[1];
        runner.run((context) -> analysis[0] = Analysis.of(context));
        return analysis[0];
    }

    private FailureAnalysis analysisOf(String yaml) {
        return analysisOf(this.runner.withInitializer(new Yaml("ratelimit:\n  backend: memory\n" + yaml.indent(2))));
    }

    @Nested
    class Pools {

        private static final String MEMBERS = "resources: { east: { rate: 1/1m }, west: { rate: 1/1m } }\n";

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        east: { resources: [west] }                                  | has the name of another resource or pool
                        pool: { resources: [] }                                      | has no members
                        pool: { strategy: random }                                   | has no members
                        pool: { resources: [east, north] }                           | has the member 'north', but there is no resource of that name
                        pool: { resources: [east, east] }                            | has the member 'east' twice
                        pool: { resources: [east], weights: { east: 2 } }            | has weights, which count under the strategy WEIGHTED only
                        pool: { resources: [east], strategy: weighted, weights: { west: 2 } } | has a weight for 'west', which is not a member of it
                        pool: { resources: [east], strategy: weighted, weights: { east: 0 } } | it must be from 1 to 1000
                        """)
        void thatMakeNoSenseAreRefused(String pool, String said) {
            FailureAnalysis analysis = analysisOf(MEMBERS + "pools: { " + pool + " }");
            assertThat(analysis.getDescription()).contains("pool '").contains(said);
            assertThat(analysis.getAction()).isNotEmpty();
        }

        @Test
        void withAnUnknownStrategyAreRefused() {
            FailureAnalysis analysis = analysisOf(MEMBERS + "pools: { pool: { resources: [east], strategy: fair } }");
            assertThat(analysis.getDescription())
                    .contains("ratelimit.pools.pool.strategy")
                    .contains("fair");
            assertThat(analysis.getAction()).contains("round-robin", "least-loaded");
        }

        @Test
        void withAnUnknownPropertyAreRefused() {
            FailureAnalysis analysis = analysisOf(MEMBERS + "pools: { pool: { members: [east] } }");
            assertThat(analysis.getAction()).contains("resources, strategy, weights");
        }
    }

    @Nested
    class Limits {

        @ParameterizedTest
        @MethodSource("io.ratelimit.autoconfigure.StartupFailureTests#badLimits")
        void areRefusedWithPropertyValueAndFix(String resource, String description, String action) {
            FailureAnalysis analysis = analysisOf("resources:\n  openai:\n" + resource.indent(4));

            assertThat(analysis.getDescription()).isEqualTo(description);
            assertThat(analysis.getAction()).isEqualTo(action);
        }

        @Test
        void withTheSameNameAreRefused() {
            FailureAnalysis analysis = analysisOf("resources: { openai: { rate: 1/1m, rates: { default: 2/1m } } }");

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "Both 'ratelimit.resources.openai.rate' and 'ratelimit.resources.openai.rates.default' are"
                                    + " set, and the first is short for the second.");
            assertThat(analysis.getAction()).isEqualTo("Remove one of them.");
        }

        @Test
        void areNeeded() {
            FailureAnalysis analysis = analysisOf("resources: { openai: { key: user } }");

            assertThat(analysis.getDescription())
                    .isEqualTo("The property 'ratelimit.resources.openai' gives the resource no limit.");
            assertThat(analysis.getAction())
                    .isEqualTo("Add a limit, such as 'ratelimit.resources.openai.rate: 100/1m' or"
                            + " 'ratelimit.resources.openai.concurrency: 10'.");
        }

        @Test
        void areNeededEvenWhereAResourceIsEmpty() {
            assertThat(analysisOf("resources:\n  openai:\n").getDescription())
                    .isEqualTo("The property 'ratelimit.resources.openai' gives the resource no limit.");
        }

        @Test
        void ofAResourceWithABadNameAreRefused() {
            FailureAnalysis analysis = analysisOf("resources: { '[open ai]': { rate: 1/1m } }");

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "The property 'ratelimit.resources[open ai]' is 'open ai'. The resource name 'open ai' is not"
                                    + " 1 to 128 of the characters A-Z a-z 0-9 . _ - $.");
            assertThat(analysis.getAction()).isEqualTo("Rename the resource.");
        }
    }

    static Stream<Arguments> badLimits() {
        String path = "The property 'ratelimit.resources.openai.";
        String number = Setting.NUMBER_FIX;
        String duration = Setting.DURATION_FIX;
        return Stream.of(
                arguments(
                        "rate: 0/1m",
                        path
                                + "rate' is '0/1m'. The limit of the rate limit 'default' is 0; it must be from 1 to 10000000.",
                        number),
                arguments(
                        "rate: -5/1m",
                        path + "rate' is '-5/1m'. The limit of the rate limit 'default' is -5; it must be from 1 to"
                                + " 10000000.",
                        number),
                arguments("rate: ten/1m", path + "rate' is 'ten/1m'. 'ten' is not a number.", number),
                arguments(
                        "rate: 99999999999999999999/1m",
                        path
                                + "rate' is '99999999999999999999/1m'. '99999999999999999999' is not a whole number, or far too"
                                + " large.",
                        number),
                arguments(
                        "rate: 2.0001/1s",
                        path + "rate' is '2.0001/1s'. '2.0001' is not a whole number, or far too large.",
                        number),
                arguments(
                        "rates.default: { limit: 10/1s, burst: 5 }",
                        path + "rates.default.burst' is '5'. The algorithm of the rate limit 'default' has no burst.",
                        "Remove it, or set the algorithm to token-bucket or leaky-bucket."),
                arguments(
                        "rates.default: { limit: 1/30d, burst: 1000, algorithm: leaky-bucket }",
                        path
                                + "rates.default.burst' is '1000'. The time in which the burst 1000 of the rate limit 'default'"
                                + " comes back is PT720000H; it must be from PT0S to PT87600H.",
                        number),
                arguments(
                        "rate: 100",
                        path + "rate' is '100'. The rate limit 'default' has no window.",
                        "Write a limit and a window, such as 100/1m."),
                arguments(
                        "rate: 100/0s",
                        path
                                + "rate' is '100/0s'. The window of the rate limit 'default' is PT0S; it must be from PT0.001S"
                                + " to PT720H.",
                        duration),
                arguments(
                        "rate: 100/-1m",
                        path
                                + "rate' is '100/-1m'. The window of the rate limit 'default' is PT-1M; it must be from PT0.001S"
                                + " to PT720H.",
                        duration),
                arguments("rate: 100/60", path + "rate' is '100/60'. '60' has no unit.", duration),
                arguments("rate: 100/soon", path + "rate' is '100/soon'. 'soon' is not a duration.", duration),
                arguments("rate: 100/", path + "rate' is '100/'. '' is not a duration.", duration),
                arguments(
                        "rates: { tokens: { limit: 100, window: 31d } }",
                        path
                                + "rates.tokens.window' is '31d'. The window of the rate limit 'tokens' is PT744H; it must be"
                                + " from PT0.001S to PT720H.",
                        duration),
                arguments(
                        "rates: { tokens: { limit: 100, window: 60 } }",
                        path + "rates.tokens.window' is '60'. '60' has no unit.",
                        duration),
                arguments(
                        "rates: { tokens: { limit: 0, window: 1m } }",
                        path
                                + "rates.tokens.limit' is '0'. The limit of the rate limit 'tokens' is 0; it must be from 1 to"
                                + " 10000000.",
                        number),
                arguments(
                        "rates: { tokens: { window: 1m } }",
                        path + "rates.tokens' gives no limit.",
                        "Write a limit and a window, such as 100/1m."),
                arguments(
                        "rates: { '[to kens]': 1/1m }",
                        path
                                + "rates[to kens]' is '1/1m'. The limit name 'to kens' is not 1 to 64 of the characters A-Z a-z"
                                + " 0-9 . _ -.",
                        "Rename the limit."),
                arguments(
                        "concurrency: 0",
                        path
                                + "concurrency' is '0'. The limit of the concurrency limit 'default' is 0; it must be from 1 to"
                                + " 1000000.",
                        number),
                arguments(
                        "concurrency: 2.5",
                        path + "concurrency' is '2.5'. '2.5' is not a whole number, or far too large.",
                        number),
                arguments("concurrency: many", path + "concurrency' is 'many'. 'many' is not a number.", number),
                arguments(
                        "concurrency: { limit: -1, lease: 10s }",
                        path
                                + "concurrency.limit' is '-1'. The limit of the concurrency limit 'default' is -1; it must be"
                                + " from 1 to 1000000.",
                        number),
                arguments("concurrency: { lease: 10s }", path + "concurrency' gives no limit.", number),
                arguments(
                        "concurrency: { limit: 1, lease: 10ms }",
                        path
                                + "concurrency.lease' is '10ms'. The lease of the concurrency limit 'default' is PT0.01S; it"
                                + " must be from PT0.1S to PT24H.",
                        duration),
                arguments(
                        "concurrencies: { jobs: { limit: 1, max-hold: never } }",
                        path + "concurrencies.jobs.max-hold' is 'never'. 'never' is not a duration.",
                        duration),
                arguments(
                        "concurrencies: { jobs: { limit: 1, max-hold: 0s } }",
                        path
                                + "concurrencies.jobs.max-hold' is '0s'. The max-hold of the concurrency limit 'jobs' is PT0S;"
                                + " it must be from PT0.001S to PT720H.",
                        duration),
                arguments(
                        "{ rate: 1/1m, key: 'a b' }",
                        path
                                + "key' is 'a b'. It is not an expression: EL1041E: After parsing a valid expression, there is still more"
                                + " data in the expression: 'b' at position 2.",
                        "Write an expression such as user, ip or header('X-Api-Key'), or remove the property for one share"
                                + " for all."),
                arguments(
                        "{ rate: 1/1m, key: ' ' }",
                        path + "key' is ' '. The key is blank.",
                        "Write an expression such as user, ip or header('X-Api-Key'), or remove the property for one share"
                                + " for all."));
    }

    @Nested
    class UnknownProperties {

        @Test
        void ofAResourceAreNamedWithTheirLineAndWhatCouldBeMeant() {
            FailureAnalysis analysis = analysisOf("resources:\n  openai:\n    concurency: 10\n");

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "There is no property 'ratelimit.resources.openai.concurency' (Byte array resource [application.yml] - 5:19).");
            assertThat(analysis.getAction())
                    .startsWith(
                            "Use one of those that 'ratelimit.resources.openai' has: attributes, backend,"
                                    + " concurrencies, concurrency, hash-keys, key, max-queue, max-wait, on-backend-failure, plan, plans, policy, rate, rates.");
        }

        @Test
        void areNotThoseThatAreEmpty() {
            FailureAnalysis analysis = analysisOf("on-backend-failure:\nresources:\n  openai:\n    policy: ''\n");

            assertThat(analysis.getDescription().lines())
                    .containsExactly(
                            "The property 'ratelimit.on-backend-failure' (Byte array resource [application.yml] - 3:22) is empty.",
                            "The property 'ratelimit.resources.openai.policy' (Byte array resource [application.yml] - 6:15) is empty.");
            assertThat(analysis.getAction().lines())
                    .containsExactly(
                            "Give the property 'ratelimit.on-backend-failure' a value, or remove it.",
                            "Give the property 'ratelimit.resources.openai.policy' a value, or remove it.");
        }

        @Test
        void ofResourcesWithADotInTheirNameAreToldOfBrackets() {
            assertThat(analysisOf("resources: { openai.us: { rate: 1/1m } }").getAction())
                    .endsWith("A resource name with a dot in it is written in brackets and quotes: \"[openai.us]\".");
        }

        @Test
        void ofTheApplicationAreNamedWithWhatCouldBeMeant() {
            FailureAnalysis analysis = analysisOf("leese: 10s");

            assertThat(analysis.getDescription()).contains("'ratelimit.leese'");
            assertThat(analysis.getAction())
                    .isEqualTo(
                            "Use one of those that 'ratelimit' has: aspect-order, backend, command-timeout, dashboard, defaults,"
                                    + " enabled, key-prefix, lease, on-backend-failure, plan-cache, pools, resources, web.");
        }

        @Test
        void ofALimitAreNamedWithWhatCouldBeMeant() {
            assertThat(analysisOf("resources: { a: { rates: { b: { limit: 1, windows: 1s } } } }")
                            .getAction())
                    .isEqualTo(
                            "Use one of those that 'ratelimit.resources.a.rates.b' has: algorithm, burst, limit, window.");
        }

        @Test
        void belowAValueAreToldToGo() {
            assertThat(analysisOf("key-prefix: { of: me }").getAction())
                    .isEqualTo("Remove what follows 'ratelimit.key-prefix'.");
        }
    }

    @Nested
    class Values {

        @Test
        void thatAreNoDurationsAreRefusedWithTheFix() {
            FailureAnalysis analysis = analysisOf("lease: 10 seconds");

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "The property 'ratelimit.lease' is '10 seconds' (Byte array resource [application.yml] - 3:10), which is not a"
                                    + " duration.");
            assertThat(analysis.getAction()).isEqualTo(Setting.DURATION_FIX);
        }

        @Test
        void thatAreNotAmongTheAllowedOnesAreRefusedWithThose() {
            FailureAnalysis analysis = analysisOf("on-backend-failure: ignore");

            assertThat(analysis.getDescription())
                    .isEqualTo("The property 'ratelimit.on-backend-failure' is 'ignore' (Byte array resource"
                            + " [application.yml] - 3:23), which is none of its values.");
            assertThat(analysis.getAction()).isEqualTo("Set it to local, allow or reject.");
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        defaults: { policy: wait }                                | defaults.policy
                        resources: { a: { rate: 1/1s, policy: wait } }            | resources.a.policy
                        """)
        void ofAPolicyThatDoesNotExistAreRefusedWithThoseThereAre(String yaml, String property) {
            FailureAnalysis analysis = analysisOf(yaml);

            assertThat(analysis.getDescription())
                    .startsWith("The property 'ratelimit.%s' is 'wait' (".formatted(property))
                    .endsWith("which is none of its values.");
            assertThat(analysis.getAction()).isEqualTo("Set it to reject, block or observe.");
        }

        @Test
        void thatAreNoNumbersAreRefusedWithTheFix() {
            FailureAnalysis analysis = analysisOf("defaults: { max-queue: many }");

            assertThat(analysis.getDescription())
                    .isEqualTo("The property 'ratelimit.defaults.max-queue' is 'many' (Byte array resource"
                            + " [application.yml] - 3:26), which is not a whole number, or far too large.");
            assertThat(analysis.getAction()).isEqualTo(Setting.NUMBER_FIX);
        }

        @Test
        void ofALeaseOutOfRangeAreRefused() {
            FailureAnalysis analysis = analysisOf("lease: 10");

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "The property 'ratelimit.lease' is 'PT0.01S'. The lease of the concurrency limit 'default'"
                                    + " is PT0.01S; it must be from PT0.1S to PT24H.");
        }

        @Test
        void ofACommandTimeoutThatIsNotPositiveAreRefused() {
            FailureAnalysis analysis = analysisOf("command-timeout: 0s");

            assertThat(analysis.getDescription())
                    .isEqualTo("The property 'ratelimit.command-timeout' is 'PT0S'. It must be at least 1 ms.");
            assertThat(analysis.getAction()).isEqualTo(Setting.DURATION_FIX);
        }

        @Test
        void ofADefaultPolicyThatInheritsAreRefused() {
            FailureAnalysis analysis = analysisOf("defaults: { policy: inherit }");

            assertThat(analysis.getDescription()).startsWith("The property 'ratelimit.defaults.policy' is 'inherit'.");
            assertThat(analysis.getAction()).isEqualTo("Set it to reject, block or observe.");
        }
    }

    @Nested
    class Waits {

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                        max-wait: soon   | is 'soon'. 'soon' is not a duration.
                        max-wait: 5      | is '5'. '5' has no unit.
                        max-wait: 0s     | is '0s'. The max-wait of %s is PT0S; it must be from PT0.001S to PT8760H.
                        max-wait: 366d   | is '366d'. The max-wait of %s is PT8784H; it must be from PT0.001S to PT8760H.
                        max-queue: 0     | is '0'. The max-queue of %s is 0; it must be from 1 to 1000000.
                        """)
        void thatMakeNoSenseAreRefusedWithPropertyValueAndFix(String setting, String reason) {
            String name = setting.substring(0, setting.indexOf(':'));
            String fix = name.equals("max-wait") ? Setting.DURATION_FIX : Setting.NUMBER_FIX;

            FailureAnalysis ofDefaults = analysisOf("defaults: { %s }".formatted(setting));
            assertThat(ofDefaults.getDescription())
                    .isEqualTo("The property 'ratelimit.defaults.%s' %s"
                            .formatted(name, reason.formatted("the defaults")));
            assertThat(ofDefaults.getAction()).isEqualTo(fix);

            FailureAnalysis ofResource = analysisOf("resources: { pool: { concurrency: 1, %s } }".formatted(setting));
            assertThat(ofResource.getDescription())
                    .isEqualTo("The property 'ratelimit.resources.pool.%s' %s"
                            .formatted(name, reason.formatted("the resource 'pool'")));
            assertThat(ofResource.getAction()).isEqualTo(fix);
        }

        @Test
        void withoutAnEndAreRefused() {
            FailureAnalysis analysis = analysisOf("resources: { pool: { concurrency: 1, policy: block } }");

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "The resource 'pool' makes calls wait without an end: 'ratelimit.resources.pool.policy' is"
                                    + " 'block', and neither 'ratelimit.resources.pool.max-wait' nor 'ratelimit.defaults.max-wait' is"
                                    + " set.");
            assertThat(analysis.getAction())
                    .isEqualTo(
                            "Set one of the two to the longest wait, such as 'ratelimit.resources.pool.max-wait: 5s'.");
        }

        @Test
        void withoutAnEndByDefaultAreRefusedOfTheResourceThatTheyMeet() {
            FailureAnalysis analysis = analysisOf("""
                    defaults: { policy: block }
                    resources: { good: { concurrency: 1, max-wait: 5s }, '[Bad.one]': { concurrency: 1 } }
                    """);

            assertThat(analysis.getDescription())
                    .startsWith("The resource 'Bad.one' makes calls wait without an end: 'ratelimit.defaults.policy' is"
                            + " 'block', and neither 'ratelimit.resources[Bad.one].max-wait' nor");
        }

        @Test
        void withoutAnEndInAnAnnotationAreRefused() {
            FailureAnalysis analysis = analysisOf(runner.withUserConfiguration(Endless.class)
                    .withInitializer(
                            new Yaml("ratelimit: { backend: memory, resources: { pool: { concurrency: 1 } } }")));

            assertThat(analysis.getDescription())
                    .startsWith("@ConcurrencyLimited on " + Endless.class.getName()
                            + ".call() makes calls wait without an end");
            assertThat(analysis.getAction()).contains("'ratelimit.defaults.max-wait'");
        }
    }

    static class Endless {

        @ConcurrencyLimited(name = "pool", policy = LimitPolicy.BLOCK)
        public void call() {}
    }

    @Nested
    class Backends {

        private static final String OR_MEMORY =
                ", or set 'ratelimit.backend' to 'memory', which counts for each instance alone.";

        @Test
        void mustBeThere() {
            FailureAnalysis analysis = analysisOf(runner);

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "There is no backend for limits: 'ratelimit.backend' is not set, and the application has no"
                                    + " RedisConnectionFactory.");
            assertThat(analysis.getAction())
                    .isEqualTo("Add the dependency 'org.springframework.boot:spring-boot-starter-data-redis' and set"
                            + " 'spring.data.redis.*'" + OR_MEMORY);
        }

        @Test
        void ofRedisNeedAConnection() {
            assertThat(analysisOf(runner.withPropertyValues("ratelimit.backend=redis"))
                            .getDescription())
                    .isEqualTo("'ratelimit.backend' is 'redis', but the application has no RedisConnectionFactory.");
        }

        @Test
        void ofRedisNeedOneConnectionFactoryOrAPrimaryOne() {
            FailureAnalysis analysis = analysisOf(runner.withUserConfiguration(TwoConnectionFactories.class));

            assertThat(analysis.getDescription()).endsWith("several RedisConnectionFactory beans: [first, second].");
            assertThat(analysis.getAction())
                    .isEqualTo("Make one of them primary, or define a LimitBackend bean" + OR_MEMORY);
        }

        @Test
        void ofRedisNeedSpringDataRedis() {
            FailureAnalysis analysis =
                    analysisOf(runner.withClassLoader(new FilteredClassLoader(RedisConnectionFactory.class)));

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "There is no backend for limits: 'ratelimit.backend' is not set, and the class"
                                    + " org.springframework.data.redis.connection.RedisConnectionFactory is not on the classpath.");
            assertThat(analysis.getAction())
                    .isEqualTo(
                            "Add the dependency 'org.springframework.boot:spring-boot-starter-data-redis'" + OR_MEMORY);
        }

        @Test
        void ofRedisNeedLettuce() {
            FailureAnalysis analysis =
                    analysisOf(runner.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                            .withPropertyValues("ratelimit.backend=redis")
                            .withClassLoader(new FilteredClassLoader("io.lettuce.core")));

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "'ratelimit.backend' is 'redis', but the class io.lettuce.core.api.StatefulConnection is not"
                                    + " on the classpath.");
            assertThat(analysis.getAction()).isEqualTo("Add the dependency 'io.lettuce:lettuce-core'" + OR_MEMORY);
        }

        @Test
        void ofRedisDoNotWorkOverJedis() {
            FailureAnalysis analysis =
                    analysisOf(runner.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                            .withPropertyValues("spring.data.redis.client-type=jedis"));

            assertThat(analysis.getDescription())
                    .isEqualTo("The Redis backend of ratelimit works over Lettuce, but the RedisConnectionFactory is a"
                            + " org.springframework.data.redis.connection.jedis.JedisConnectionFactory.");
            assertThat(analysis.getAction())
                    .startsWith(
                            "Put io.lettuce:lettuce-core on the classpath and set 'spring.data.redis.client-type' to"
                                    + " 'lettuce', or define a LimitBackend bean")
                    .endsWith(", or set 'ratelimit.backend' to 'memory'.");
        }

        @Test
        void inMemoryDoNotMindJedis() {
            runner.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                    .withPropertyValues(
                            "spring.data.redis.client-type=jedis",
                            "ratelimit.backend=memory",
                            "ratelimit.resources.pool.concurrency=1")
                    .withClassLoader(new FilteredClassLoader("io.lettuce.core"))
                    .run((context) -> {
                        assertThat(context).hasSingleBean(JedisConnectionFactory.class);
                        assertThat(context.getBean(Limiter.class)
                                        .acquire("pool")
                                        .isValid())
                                .isTrue();
                    });
        }

        @Test
        void ofRedisWorkOverLettuceBesideJedisWhereTheBackendIsABean() {
            runner.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                    .withUserConfiguration(OwnConnection.class)
                    .withPropertyValues(
                            "spring.data.redis.client-type=jedis",
                            "ratelimit.command-timeout=20s",
                            "ratelimit.on-backend-failure=reject",
                            "ratelimit.resources.pool.concurrency=1")
                    .run((context) -> {
                        assertThat(context).hasSingleBean(JedisConnectionFactory.class);
                        assertThat(context.getBean(Limiter.class)
                                        .acquire("pool")
                                        .isValid())
                                .isTrue();
                    });
        }

        @Test
        void ofRedisForOneResourceNeedRedisForTheApplication() {
            FailureAnalysis analysis = analysisOf("resources: { openai: { rate: 1/1m, backend: redis } }");

            assertThat(analysis.getDescription())
                    .isEqualTo(
                            "The property 'ratelimit.resources.openai.backend' is 'redis', but 'ratelimit.backend' is"
                                    + " 'memory', so there is no Redis to count in.");
            assertThat(analysis.getAction()).startsWith("Remove one of the two");
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnConnection {

        @Bean
        RedisBackend limitBackend() {
            return new RedisBackend(RedisConnections.to(RedisServer.shared()), "beside-jedis:", Duration.ofSeconds(20));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoConnectionFactories {

        @Bean
        RedisConnectionFactory first() {
            return new LettuceConnectionFactory();
        }

        @Bean
        RedisConnectionFactory second() {
            return new LettuceConnectionFactory();
        }
    }
}
