package io.ratelimit.autoconfigure;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.autoconfigure.RateLimitProperties.Backend;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import java.time.Duration;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.util.ClassUtils;

/**
 * Chooses the backend: the one that {@code ratelimit.backend} names, else Redis, never silently another one.
 */
final class BackendChoice {

    private static final Log logger = LogFactory.getLog(BackendChoice.class);

    private static final String PREFIX_WITHOUT_A_NAME = RateLimitProperties.PREFIX + "::";

    private static final String MEMORY_FIX =
            "set 'ratelimit.backend' to 'memory', which counts for each instance alone.";

    private static final List<Requirement> REQUIREMENTS = List.of(
            new Requirement(
                    "org.springframework.data.redis.connection.RedisConnectionFactory",
                    "org.springframework.boot:spring-boot-starter-data-redis"),
            new Requirement("io.lettuce.core.api.StatefulConnection", "io.lettuce:lettuce-core"));

    private final RateLimitProperties properties;

    private final String keyPrefix;

    private final ListableBeanFactory beans;

    private final @Nullable ClassLoader classLoader;

    BackendChoice(
            RateLimitProperties properties,
            String keyPrefix,
            ListableBeanFactory beans,
            @Nullable ClassLoader classLoader) {
        this.properties = properties;
        this.keyPrefix = keyPrefix;
        this.beans = beans;
        this.classLoader = classLoader;
    }

    /**
     * Makes the backend.
     *
     * @throws LimitConfigurationException if it cannot be had, saying what to add
     */
    LimitBackend backend() {
        checkCommandTimeout();
        if (this.properties.backend() == Backend.MEMORY) {
            refuseRedisForSingleResources();
            return new MemoryBackend();
        }
        for (Requirement requirement : REQUIREMENTS) {
            if (!ClassUtils.isPresent(requirement.className(), this.classLoader)) {
                throw noRedis(
                        "the class %s is not on the classpath".formatted(requirement.className()),
                        "Add the dependency '%s'".formatted(requirement.dependency()));
            }
        }
        warnOfNamesakes();
        try {
            return OverRedis.backend(this);
        } catch (NoClassDefFoundError ex) {
            LimitConfigurationException missing = noRedis(
                    "the class %s is not on the classpath"
                            .formatted(ClassUtils.convertResourcePathToClassName(String.valueOf(ex.getMessage()))),
                    "Add the dependency that brings it, such as '%s'"
                            .formatted(REQUIREMENTS.get(0).dependency()));
            missing.initCause(ex);
            throw missing;
        }
    }

    /** What is looked for by name. */
    static List<String> requiredClasses() {
        return REQUIREMENTS.stream().map(Requirement::className).toList();
    }

    private void warnOfNamesakes() {
        if (this.keyPrefix.equals(PREFIX_WITHOUT_A_NAME)) {
            logger.warn(
                    "'spring.application.name' is not set: all applications without a name that use this Redis share limits"
                            + " whose resources have the same name. Set it, or 'ratelimit.key-prefix'.");
        }
    }

    private void checkCommandTimeout() {
        Duration timeout = this.properties.commandTimeout();
        if (timeout.compareTo(Duration.ofMillis(1)) < 0) {
            throw new Setting(RateLimitProperties.PREFIX + ".command-timeout", timeout.toString())
                    .wrong("It must be at least 1 ms", Setting.DURATION_FIX, null);
        }
    }

    private void refuseRedisForSingleResources() {
        this.properties.resources().forEach((name, resource) -> {
            if (resource.backend() == Backend.REDIS) {
                throw new LimitConfigurationException(
                        "The property '%s.backend' is 'redis', but 'ratelimit.backend' is 'memory', so there is no Redis to count in."
                                .formatted(ResourceMapper.path(name)),
                        "Remove one of the two; a resource can say 'memory' where the application says 'redis'.");
            }
        });
    }

    private LimitConfigurationException noRedis(String reason, String fix) {
        String said = this.properties.backend() == Backend.REDIS
                ? "'ratelimit.backend' is 'redis', but "
                : "There is no backend for limits: 'ratelimit.backend' is not set, and ";
        return new LimitConfigurationException(said + reason + ".", fix + ", or " + MEMORY_FIX);
    }

    /** Everything that names a class of Spring Data Redis, so that nothing does where it is missing. */
    private static final class OverRedis {

        private OverRedis() {}

        static LimitBackend backend(BackendChoice choice) {
            return new RedisBackend(connectionFactory(choice), choice.keyPrefix, choice.properties.commandTimeout());
        }

        private static RedisConnectionFactory connectionFactory(BackendChoice choice) {
            try {
                RedisConnectionFactory only = choice.beans
                        .getBeanProvider(RedisConnectionFactory.class)
                        .getIfAvailable();
                if (only == null) {
                    throw choice.noRedis(
                            "the application has no RedisConnectionFactory",
                            "Add the dependency '%s' and set 'spring.data.redis.*'"
                                    .formatted(REQUIREMENTS.get(0).dependency()));
                }
                return only;
            } catch (NoUniqueBeanDefinitionException ex) {
                LimitConfigurationException several = choice.noRedis(
                        "the application has several RedisConnectionFactory beans: %s"
                                .formatted(ex.getBeanNamesFound()),
                        "Make one of them primary, or define a LimitBackend bean");
                several.initCause(ex);
                throw several;
            }
        }
    }

    /** A class that Redis needs, and what brings it. */
    private record Requirement(String className, String dependency) {}
}
