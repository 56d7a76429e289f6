package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.catchThrowable;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.PoolDefinition;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.AnnotatedBeanDefinitionReader;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.task.TaskDecorator;

/** An application context whose annotated beans are limited by a recording limiter. */
final class LimitedApplication implements AutoCloseable {

    /** Known to each application: both kinds, one of each kind, one whose calls wait, and one with a key. */
    static final List<ResourceDefinition> RESOURCES = List.of(
            ResourceDefinition.of("both", RateLimit.of(10, Duration.ofMinutes(1)), ConcurrencyLimit.of(5)),
            ResourceDefinition.of("other", RateLimit.of(10, Duration.ofMinutes(1)), ConcurrencyLimit.of(5)),
            ResourceDefinition.of("rated", RateLimit.of(10, Duration.ofMinutes(1))),
            ResourceDefinition.of("slotted", ConcurrencyLimit.of(5)),
            waiting(),
            keyed());

    final RecordingLimiter limiter = new RecordingLimiter();

    final ResourceRegistry registry;

    final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

    private int order = LimitAnnotationBeanPostProcessor.DEFAULT_ORDER;

    private boolean proxyTargetClass = true;

    private @Nullable CallContext surroundings;

    private TaskDecorator decorator = (task) -> task;

    LimitedApplication() {
        this(ResourceDefaults.STANDARD);
    }

    /** Makes an application with defaults for the resources that its annotations define. */
    LimitedApplication(ResourceDefaults defaults) {
        this.registry = new ResourceRegistry(defaults, RESOURCES);
    }

    private static ResourceDefinition waiting() {
        ResourceDefinition plain = ResourceDefinition.of("waiting", ConcurrencyLimit.of(5));
        return new ResourceDefinition(
                plain.name(),
                plain.limits(),
                plain.key(),
                LimitPolicy.BLOCK,
                Duration.ofSeconds(10),
                plain.maxQueue(),
                plain.onBackendFailure(),
                plain.hashKeys(),
                plain.perInstance(),
                plain.attributes());
    }

    /** Makes an application with a pool of the known resources. */
    LimitedApplication(PoolDefinition pool) {
        this.registry = new ResourceRegistry(ResourceDefaults.STANDARD, RESOURCES, List.of(pool));
    }

    private static ResourceDefinition keyed() {
        ResourceDefinition plain =
                ResourceDefinition.of("keyed", RateLimit.of(10, Duration.ofMinutes(1)), ConcurrencyLimit.of(5));
        return new ResourceDefinition(
                plain.name(),
                plain.limits(),
                "#tenant",
                plain.policy(),
                plain.maxWait(),
                plain.maxQueue(),
                plain.onBackendFailure(),
                plain.hashKeys(),
                plain.perInstance(),
                plain.attributes());
    }

    LimitedApplication order(int order) {
        this.order = order;
        return this;
    }

    LimitedApplication interfaceProxies() {
        this.proxyTargetClass = false;
        return this;
    }

    LimitedApplication within(CallContext surroundings) {
        this.surroundings = surroundings;
        return this;
    }

    LimitedApplication decorating(TaskDecorator decorator) {
        this.decorator = decorator;
        return this;
    }

    LimitedApplication property(String name, String value) {
        this.context.getEnvironment().getPropertySources().addFirst(new MapPropertySource(name, Map.of(name, value)));
        return this;
    }

    LimitedApplication start(Class<?>... components) {
        this.context.registerBean("limiter", RecordingLimiter.class, () -> this.limiter);
        // first, as an application's beans stand before those of an auto-configuration
        new AnnotatedBeanDefinitionReader(this.context).register(components);
        this.context.registerBean(LimitAnnotationBeanPostProcessor.class, () -> {
            LimitAnnotationBeanPostProcessor processor = new LimitAnnotationBeanPostProcessor(
                    () -> this.limiter,
                    () -> this.registry,
                    () -> List.of(() -> null, () -> this.surroundings),
                    () -> this.decorator,
                    this.order);
            processor.setProxyTargetClass(this.proxyTargetClass);
            return processor;
        });
        this.context.refresh();
        return this;
    }

    /** Starts, expecting to fail, and returns why. */
    static LimitConfigurationException failureOf(Class<?>... components) {
        try (LimitedApplication application = new LimitedApplication()) {
            return application.failure(components);
        }
    }

    LimitConfigurationException failure(Class<?>... components) {
        Throwable failure = catchThrowable(() -> start(components));
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof LimitConfigurationException wanted) {
                return wanted;
            }
        }
        throw new AssertionError("No LimitConfigurationException stopped the application", failure);
    }

    <T> T bean(Class<T> type) {
        return this.context.getBean(type);
    }

    List<LimitRequest> requests() {
        return this.limiter.requests();
    }

    List<String> events() {
        return this.limiter.events();
    }

    @Override
    public void close() {
        this.context.close();
    }
}
