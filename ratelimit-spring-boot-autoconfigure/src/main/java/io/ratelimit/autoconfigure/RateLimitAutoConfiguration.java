package io.ratelimit.autoconfigure;

import io.ratelimit.LimitListener;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitResolver;
import io.ratelimit.Limiter;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.aop.CallContextSource;
import io.ratelimit.aop.LimitAnnotationBeanPostProcessor;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.List;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.ConfigurationPropertiesBinding;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.core.task.TaskDecorator;
import org.springframework.core.task.support.ContextPropagatingTaskDecorator;
import org.springframework.util.ClassUtils;

/**
 * Auto-configuration of limits: the {@link ResourceRegistry} of {@code application.yml}, the {@link LimitBackend}, the
 * {@link Limiter} and the annotations. A bean of the application's replaces each of the first three. {@link LimitResolver} beans decide
 * limits for single keys, before the plans of {@code application.yml}.
 *
 * <p>With {@code ratelimit.enabled: false} annotations do nothing, no backend is asked for, and the {@link Limiter} grants
 * everything, so that applications which inject it start.
 *
 * @since 0.1.0
 */
@AutoConfiguration(afterName = {RateLimitAutoConfiguration.REDIS_BOOT_3, RateLimitAutoConfiguration.REDIS_BOOT_4})
public final class RateLimitAutoConfiguration {

    static final String REDIS_BOOT_3 = "org.springframework.boot.autoconfigure.data.redis.RedisAutoConfiguration";

    static final String REDIS_BOOT_4 = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration";

    private static final String ENABLED = RateLimitProperties.PREFIX + ".enabled";

    /**
     * Makes the auto-configuration.
     */
    public RateLimitAutoConfiguration() {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = ENABLED, matchIfMissing = true)
    @EnableConfigurationProperties(RateLimitProperties.class)
    static class Enabled {

        @Bean
        @ConfigurationPropertiesBinding
        static LimitShorthandConverter limitShorthandConverter() {
            return new LimitShorthandConverter();
        }

        @Bean
        @ConditionalOnMissingBean
        ResourceRegistry limitResourceRegistry(RateLimitProperties properties) {
            return ResourceMapper.registry(properties);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = ENABLED, matchIfMissing = true)
    @ConditionalOnMissingBean(Limiter.class)
    static class Engine {

        @Bean
        @ConditionalOnMissingBean
        LimitBackend limitBackend(
                RateLimitProperties properties, Environment environment, ConfigurableListableBeanFactory beans) {
            // the default of the prefix has a placeholder, which binding leaves alone
            String keyPrefix = environment.resolvePlaceholders(properties.keyPrefix());
            return new BackendChoice(properties, keyPrefix, beans, beans.getBeanClassLoader()).backend();
        }

        @Bean
        LimiterEngine limiter(
                ResourceRegistry resources,
                LimitBackend backend,
                ObjectProvider<LimitListener> listeners,
                ObjectProvider<LimitResolver> resolvers,
                RateLimitProperties properties) {
            Duration planCache = new Setting(
                            RateLimitProperties.PREFIX + ".plan-cache",
                            properties.planCache().toString())
                    .notNegative();
            return new LimiterEngine(
                    resources,
                    backend,
                    new MemoryBackend(),
                    listeners.orderedStream().toList(),
                    resolvers.orderedStream().toList(),
                    planCache);
        }

        /** Made when somebody asks for it: there is no engine in a test that replaces the {@link Limiter} bean by a mock. */
        @Bean
        @Lazy
        LimitOperations limitOperations(LimiterEngine engine) {
            return engine.operations();
        }

        @Bean
        PlanResolver limitPlanResolver(RateLimitProperties properties, ResourceRegistry resources, BeanFactory beans) {
            return new PlanResolver(PlanMapper.plans(properties, resources), beans);
        }

        @Bean
        EngineLifecycle limiterLifecycle(ObjectProvider<LimiterEngine> engine) {
            return new EngineLifecycle(engine);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = ENABLED, matchIfMissing = true)
    static class Annotations {

        /**
         * Reads the environment and no bean: what a post-processor asks for is created before all the others. Which bean is the
         * limiter is likewise asked only once a limited method is called.
         */
        @Bean
        @ConditionalOnMissingBean
        static LimitAnnotationBeanPostProcessor limitAnnotationBeanPostProcessor(
                Environment environment,
                ObjectProvider<Limiter> limiter,
                ObjectProvider<ResourceRegistry> resources,
                ObjectProvider<CallContextSource> sources,
                ObjectProvider<TaskDecorator> decorators) {
            int order = Binder.get(environment)
                    .bind(RateLimitProperties.PREFIX + ".aspect-order", Integer.class)
                    .orElse(LimitAnnotationBeanPostProcessor.DEFAULT_ORDER);
            LimitAnnotationBeanPostProcessor processor = new LimitAnnotationBeanPostProcessor(
                    limiter::getObject,
                    resources::getObject,
                    () -> sources.orderedStream().toList(),
                    () -> decorator(decorators.orderedStream().toList()),
                    order);
            processor.setProxyTargetClass(
                    environment.getProperty("spring.aop.proxy-target-class", Boolean.class, true));
            return processor;
        }

        /** What carries the context for Boot's own executors does so here; without it, Micrometer's context propagation if it is there. */
        private static TaskDecorator decorator(List<TaskDecorator> decorators) {
            boolean propagation = ClassUtils.isPresent(
                    "io.micrometer.context.ContextSnapshotFactory", TaskDecorator.class.getClassLoader());
            TaskDecorator none =
                    (propagation && decorators.isEmpty()) ? new ContextPropagatingTaskDecorator() : (task) -> task;
            return decorators.stream().reduce(none, (outer, inner) -> (task) -> outer.decorate(inner.decorate(task)));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = ENABLED, havingValue = false)
    static class Disabled {

        @Bean
        @ConditionalOnMissingBean
        Limiter limiter() {
            return new UnlimitedLimiter();
        }
    }
}
