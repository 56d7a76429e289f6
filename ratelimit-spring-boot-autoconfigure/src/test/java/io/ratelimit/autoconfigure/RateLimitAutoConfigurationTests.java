package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.mockito.Mockito.mock;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.ConcurrencyLimitExceededException;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.aop.LimitAnnotationBeanPostProcessor;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.aop.Advisor;
import org.springframework.aop.framework.Advised;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.Ordered;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

class RateLimitAutoConfigurationTests {

    private final ApplicationContextRunner runner =
            new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(RateLimitAutoConfiguration.class));

    private final ApplicationContextRunner inMemory =
            this.runner.withPropertyValues("ratelimit.backend=memory", "ratelimit.resources.pool.concurrency=1");

    private final ApplicationContextRunner withRedis = this.runner
            .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
            .withPropertyValues("ratelimit.resources.pool.concurrency=1");

    @Nested
    class InMemory {

        @Test
        void limits() {
            inMemory.run((context) -> {
                Limiter limiter = context.getBean(Limiter.class);
                try (Permit held = limiter.acquire("pool")) {
                    assertThat(held.isValid()).isTrue();
                    assertThatExceptionOfType(ConcurrencyLimitExceededException.class)
                            .isThrownBy(() -> limiter.acquire("pool"));
                }
                assertThat(context).getBean(LimitBackend.class).isInstanceOf(MemoryBackend.class);
            });
        }

        @Test
        void needsNeitherSpringDataRedisNorLettuce() {
            inMemory.withClassLoader(new FilteredClassLoader("org.springframework.data.redis", "io.lettuce"))
                    .run((context) -> assertThat(context).hasSingleBean(Limiter.class));
        }

        @Test
        void isChosenOverAConnectionThatIsThere() {
            withRedis
                    .withPropertyValues("ratelimit.backend=memory")
                    .run((context) ->
                            assertThat(context).getBean(LimitBackend.class).isInstanceOf(MemoryBackend.class));
        }
    }

    @Nested
    @WithRedis
    @ExtendWith(OutputCaptureExtension.class)
    class OverRedis {

        private final ApplicationContextRunner connected;

        OverRedis(RedisServer redis) {
            this.connected = withRedis.withPropertyValues(
                    "spring.data.redis.host=" + redis.host(),
                    "spring.data.redis.port=" + redis.port(),
                    // connecting for the first time can be slow on a busy machine
                    "ratelimit.command-timeout=20s");
        }

        @Test
        void limitsWithoutBeingAskedTo() {
            this.connected.run((context) -> {
                assertThat(context).getBean(LimitBackend.class).isInstanceOf(RedisBackend.class);
                Limiter limiter = context.getBean(Limiter.class);
                try (Permit held = limiter.acquire("pool")) {
                    assertThat(held.fencingToken()).isPositive();
                    assertThatExceptionOfType(ConcurrencyLimitExceededException.class)
                            .isThrownBy(() -> limiter.acquire("pool"));
                }
            });
        }

        @Test
        void namesItsKeysAfterTheApplication() {
            this.connected.withPropertyValues("spring.application.name=shop").run((context) -> {
                context.getBean(Limiter.class).acquire("pool");

                assertThat(keys(context.getBean(RedisConnectionFactory.class)))
                        .isNotEmpty()
                        .allMatch((key) -> key.startsWith("ratelimit:shop:"));
            });
        }

        @Test
        void warnsOfOtherApplicationsWithoutAName(CapturedOutput output) {
            this.connected.run((context) -> assertThat(keys(context.getBean(RedisConnectionFactory.class)))
                    .allMatch((key) -> key.startsWith("ratelimit::")));
            assertThat(output).contains("'spring.application.name' is not set: all applications without a name");
        }

        @ParameterizedTest
        @ValueSource(strings = {"spring.application.name=shop", "ratelimit.key-prefix=shared:"})
        void warnsOfNobodyWhereThereIsAName(String name, CapturedOutput output) {
            this.connected
                    .withPropertyValues(name)
                    .run((context) -> assertThat(context).hasNotFailed());
            assertThat(output).doesNotContain("spring.application.name");
        }

        @Test
        void namesItsKeysAsTold() {
            this.connected.withPropertyValues("ratelimit.key-prefix=shared:").run((context) -> {
                context.getBean(Limiter.class).acquire("pool");

                assertThat(keys(context.getBean(RedisConnectionFactory.class)))
                        .isNotEmpty()
                        .allMatch((key) -> key.startsWith("shared:"));
            });
        }

        @Test
        void keepsResourcesOfOneInstanceInMemory() {
            this.connected
                    .withPropertyValues("ratelimit.resources.pool.backend=memory")
                    .run((context) -> {
                        context.getBean(Limiter.class).acquire("pool");

                        assertThat(keys(context.getBean(RedisConnectionFactory.class)))
                                .noneMatch((key) -> key.contains("pool"));
                    });
        }

        @Test
        void releasesWhatEndsDuringShutdownBeforeTheConnectionStops() {
            this.connected
                    .withBean(LongWork.class)
                    .run((context) -> assertThat(holders(context)).isEqualTo(1));

            this.connected.run((context) -> assertThat(holders(context)).isZero());
        }

        @Test
        void leavesTheOtherInstancesBeforeTheConnectionStops(RedisServer redis) {
            this.connected.run((context) -> await().until(() -> liveInstances(redis) == 1));

            assertThat(liveInstances(redis)).isZero();
        }

        /** The test framework pauses a cached context while another is in use; a checkpoint of the JVM stops and starts as well. */
        @Test
        void standsInLineAgainBehindAStop(CapturedOutput output) {
            // no heartbeat tells of a grant meanwhile
            ApplicationContextRunner told =
                    this.connected.withPropertyValues("ratelimit.lease=1h", "spring.application.name=shop");
            told.run((other) -> told.run((context) -> {
                waitFor(other, context);
                context.stop();
                context.start();
                waitFor(other, context);
                assertThat(context.getBean(LimitOperations.class).liveInstances())
                        .isEqualTo(2);
            }));
            assertThat(output).doesNotContain("WARN", "ERROR");
        }

        private void waitFor(ApplicationContext holding, ApplicationContext waiting) {
            CompletableFuture<Permit> granted;
            try (Permit held = holding.getBean(Limiter.class).acquire("pool")) {
                granted = waiting.getBean(Limiter.class)
                        .acquireAsync(LimitRequest.of("pool").maxWait(Duration.ofMinutes(10)));
                await().until(() -> queued(holding) == 1);
            }
            assertThat(granted).succeedsWithin(Duration.ofMinutes(1));
            granted.join().close();
            await().until(() -> holders(holding) == 0);
        }

        private long liveInstances(RedisServer redis) {
            LettuceConnectionFactory connections = new LettuceConnectionFactory(redis.host(), redis.port());
            connections.afterPropertiesSet();
            connections.start();
            try {
                StringRedisTemplate template = new StringRedisTemplate(connections);
                return template.keys("*instances").stream()
                        .mapToLong((key) -> template.opsForZSet().size(key))
                        .sum();
            } finally {
                connections.destroy();
            }
        }

        private long holders(ApplicationContext context) {
            return context.getBean(LimitOperations.class)
                    .inspect("pool", null)
                    .join()
                    .holderCount();
        }

        private long queued(ApplicationContext context) {
            return context.getBean(LimitOperations.class)
                    .inspect("pool", null)
                    .join()
                    .queued();
        }

        private List<String> keys(RedisConnectionFactory connectionFactory) {
            return List.copyOf(new StringRedisTemplate(connectionFactory).keys("*"));
        }
    }

    @Nested
    class RedisAway {

        @Test
        void doesNotKeepTheApplicationFromStarting() throws Exception {
            int closedPort;
            try (ServerSocket socket = new ServerSocket(0)) {
                closedPort = socket.getLocalPort();
            }
            withRedis
                    .withPropertyValues("spring.data.redis.port=" + closedPort, "ratelimit.command-timeout=200ms")
                    .run((context) -> {
                        assertThat(context).hasNotFailed();
                        try (Permit local = context.getBean(Limiter.class).acquire("pool")) {
                            assertThat(local.isValid()).isTrue();
                        }
                    });
        }
    }

    @Nested
    class BackOff {

        @Test
        void aBackendOfTheUsersIsUsed() {
            MemoryBackend own = new MemoryBackend();
            runner.withBean("ownBackend", LimitBackend.class, () -> own)
                    .withPropertyValues("ratelimit.resources.pool.concurrency=1")
                    .run((context) -> {
                        assertThat(context).getBean(LimitBackend.class).isSameAs(own);
                        assertThat(context).hasSingleBean(Limiter.class);
                    });
        }

        @Test
        void aLimiterOfTheUsersIsUsedAndNoBackendAskedFor() {
            Limiter own = mock(Limiter.class);
            runner.withBean("ownLimiter", Limiter.class, () -> own).run((context) -> {
                assertThat(context).getBean(Limiter.class).isSameAs(own);
                assertThat(context).doesNotHaveBean(LimitBackend.class).doesNotHaveBean(LimiterEngine.class);
            });
        }

        /** What {@code @MockitoBean} does. */
        @Test
        void aLimiterThatATestReplacesLeavesNoEngineBehind() {
            Limiter mock = mock(Limiter.class);
            inMemory.withInitializer((context) -> context.addBeanFactoryPostProcessor((beans) -> {
                        ((BeanDefinitionRegistry) beans).removeBeanDefinition("limiter");
                        beans.registerSingleton("limiter", mock);
                    }))
                    .run((context) -> {
                        assertThat(context).getBean(Limiter.class).isSameAs(mock);
                        assertThat(context).doesNotHaveBean(LimiterEngine.class);
                    });
        }

        @Test
        void aRegistryOfTheUsersIsUsed() {
            ResourceRegistry own = new ResourceRegistry(ResourceDefaults.STANDARD, List.of());
            inMemory.withBean("ownRegistry", ResourceRegistry.class, () -> own)
                    .run((context) ->
                            assertThat(context).getBean(ResourceRegistry.class).isSameAs(own));
        }
    }

    @Nested
    class Disabled {

        private final ApplicationContextRunner disabled = runner.withPropertyValues("ratelimit.enabled=false");

        @Test
        void grantsEverythingWithoutABackend() {
            this.disabled.run((context) -> {
                assertThat(context).doesNotHaveBean(LimitBackend.class).doesNotHaveBean(ResourceRegistry.class);
                Limiter limiter = context.getBean(Limiter.class);
                List<Permit> permits =
                        limiter.acquireAll(List.of(LimitRequest.of("any").key("u1"), LimitRequest.of("other")));

                assertThat(permits).extracting(Permit::resource).containsExactly("any", "other");
                assertThat(permits).extracting(Permit::key).containsExactly("u1", null);
                assertThat(limiter.tryAcquire(LimitRequest.of("any"))).isPresent();
                assertThat(limiter.acquireAsync(LimitRequest.of("any"))).isCompleted();
                assertThat(limiter.acquireAllAsync(List.of(LimitRequest.of("any"))))
                        .isCompletedWithValueMatching((granted) -> granted.size() == 1);
            });
        }

        @Test
        void grantsPermitsThatCanBeClosed() {
            this.disabled.run((context) -> {
                Permit permit = context.getBean(Limiter.class).acquire("any");
                List<String> lost = new ArrayList<>();
                permit.onLost(() -> lost.add("lost"));

                assertThat(permit.isValid()).isTrue();
                assertThat(permit.fencingToken()).isZero();
                permit.close();
                assertThat(permit.isValid()).isFalse();
                assertThat(lost).isEmpty();
            });
        }

        @Test
        void leavesALimiterOfTheUsersAlone() {
            Limiter own = mock(Limiter.class);
            this.disabled
                    .withBean("ownLimiter", Limiter.class, () -> own)
                    .run((context) -> assertThat(context).getBean(Limiter.class).isSameAs(own));
        }
    }

    @Nested
    class Annotations {

        private final ApplicationContextRunner withReports = inMemory.withBean(Reports.class);

        @Test
        void limitTheMethodsOfBeans() {
            this.withReports.run((context) -> {
                Reports reports = context.getBean(Reports.class);
                try (Permit held = context.getBean(Limiter.class).acquire("pool")) {
                    assertThat(held.isValid()).isTrue();
                    assertThatExceptionOfType(ConcurrencyLimitExceededException.class)
                            .isThrownBy(reports::export);
                }
                assertThat(reports.export()).isEqualTo("exported");
            });
        }

        @Test
        void areReadWhenALazyBeanIsMade() {
            ApplicationContextRunner lazy = inMemory.withInitializer(
                    (context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()));
            lazy.withBean(Reports.class).run((context) -> {
                assertThat(context.getBean(EngineLifecycle.class).isRunning()).isTrue();
                try (Permit held = context.getBean(Limiter.class).acquire("pool")) {
                    assertThat(held.isValid()).isTrue();
                    assertThatExceptionOfType(ConcurrencyLimitExceededException.class)
                            .isThrownBy(() -> context.getBean(Reports.class).export());
                }
            });
            lazy.withBean(Misspelt.class).run((context) -> {
                assertThat(context).hasNotFailed();
                assertThatThrownBy(() -> context.getBean(Misspelt.class))
                        .hasRootCauseInstanceOf(LimitConfigurationException.class);
            });
        }

        @Test
        void doNothingWhereLimitsAreDisabled() {
            this.withReports.withPropertyValues("ratelimit.enabled=false").run((context) -> {
                assertThat(context).doesNotHaveBean(LimitAnnotationBeanPostProcessor.class);
                assertThat(context.getBean(Reports.class).getClass()).isEqualTo(Reports.class);
            });
        }

        @Test
        void standAmongOtherAdviceByDefault() {
            this.withReports.run((context) -> assertThat(orderOf(context.getBean(Reports.class)))
                    .isEqualTo(LimitAnnotationBeanPostProcessor.DEFAULT_ORDER));
        }

        @Test
        void standAmongOtherAdviceAsTold() {
            this.withReports
                    .withPropertyValues("ratelimit.aspect-order=7")
                    .run((context) ->
                            assertThat(orderOf(context.getBean(Reports.class))).isEqualTo(7));
        }

        @Test
        void doNotCreateBeansTooEarly() {
            List<String> createdFirst = new ArrayList<>();
            this.withReports
                    .withInitializer((context) -> context.getBeanFactory()
                            .addBeanPostProcessor(new BeanPostProcessor() {
                                @Override
                                public Object postProcessBeforeInitialization(Object bean, String beanName) {
                                    createdFirst.add(beanName);
                                    return bean;
                                }
                            }))
                    .run((context) -> assertThat(createdFirst)
                            .containsSubsequence("limitAnnotationBeanPostProcessor", "limiter"));
        }

        private int orderOf(Object proxy) {
            Advisor[] advisors = ((Advised) proxy).getAdvisors();
            assertThat(advisors).hasSize(1);
            return ((Ordered) advisors[0]).getOrder();
        }
    }

    /** Goes on until the application stops, as a request does that is under way. */
    static final class LongWork implements SmartLifecycle {

        private final Limiter limiter;

        private @Nullable Permit permit;

        LongWork(Limiter limiter) {
            this.limiter = limiter;
        }

        @Override
        public void start() {
            this.permit = this.limiter.acquire("pool");
        }

        @Override
        public void stop() {
            this.permit.close();
            this.permit = null;
        }

        @Override
        public boolean isRunning() {
            return this.permit != null;
        }
    }

    static class Reports {

        @ConcurrencyLimited("pool")
        String export() {
            return "exported";
        }
    }

    static class Misspelt {

        @ConcurrencyLimited("poll")
        void export() {}
    }

    @Nested
    class Listeners {

        @Test
        void ofTheUsersAreTold() {
            List<AcquireOutcome> outcomes = new ArrayList<>();
            LimitListener listener = new LimitListener() {
                @Override
                public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
                    outcomes.add(outcome);
                }
            };
            inMemory.withBean(LimitListener.class, () -> listener).run((context) -> {
                context.getBean(Limiter.class).acquire("pool");

                assertThat(outcomes).containsExactly(AcquireOutcome.ACQUIRED);
            });
        }
    }

    @Nested
    class Lifecycle {

        @Test
        void runsWhileTheApplicationDoes() {
            EngineLifecycle[] lifecycle = new EngineLifecycle[1];
            inMemory.run((context) -> {
                lifecycle[0] = context.getBean(EngineLifecycle.class);
                assertThat(lifecycle[0].isRunning()).isTrue();
            });
            assertThat(lifecycle[0].isRunning()).isFalse();
        }

        @Test
        void liesBetweenTheConnectionAndEverythingThatDoesWork() {
            assertThat(EngineLifecycle.PHASE)
                    .isGreaterThan(new LettuceConnectionFactory().getPhase())
                    .isLessThan(new ThreadPoolTaskExecutor().getPhase())
                    .isLessThan(WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE)
                    .isLessThan(WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE)
                    .isLessThan(SmartLifecycle.DEFAULT_PHASE);
        }

        @Test
        void startsAgainAfterAStop() {
            inMemory.run((context) -> {
                context.stop();
                context.start();

                assertThat(context.getBean(EngineLifecycle.class).isRunning()).isTrue();
                try (Permit permit = context.getBean(Limiter.class).acquire("pool")) {
                    assertThat(permit.isValid()).isTrue();
                }
            });
        }
    }
}
