package io.ratelimit.sample;

import java.io.IOException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Brings a real Redis, so that the sample runs with nothing installed; an application of yours needs none of this. The first instance
 * starts it, the others find it by its port, and whichever instance stops last takes it down. It survives one that is killed; if
 * all are killed, it stays, a single one, and the next start finds it. Any {@code spring.data.redis.*} property switches this off.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(SampleRedisConfiguration.NoRedisGiven.class)
class SampleRedisConfiguration {

    private static final Log logger = LogFactory.getLog(SampleRedisConfiguration.class);

    /** Boot asks this bean before it connects, and closes it once its own connections are closed. */
    @Bean
    SharedRedis sharedRedis(@Value("${sample.redis-port}") int port) throws IOException, InterruptedException {
        SampleRedis redis = new SampleRedis(port);
        if (isUp(redis)) {
            logger.info("Sharing the Redis on port " + port);
        } else {
            redis.start();
            logger.info("Started a Redis on port " + port);
        }
        return new SharedRedis(redis);
    }

    private static boolean isUp(SampleRedis redis) {
        try {
            return redis.isUp();
        } catch (IOException ex) {
            throw new InvalidConfigurationPropertyValueException(
                    "sample.redis-port", redis.port(), ex.getMessage(), ex);
        }
    }

    record SharedRedis(SampleRedis redis) implements DataRedisConnectionDetails, AutoCloseable {

        @Override
        public Standalone getStandalone() {
            return Standalone.of(SampleRedis.HOST, this.redis.port());
        }

        @Override
        public void close() {
            try {
                if (this.redis.stopIfUnused()) {
                    logger.info("Stopped the Redis on port " + this.redis.port());
                }
            } catch (IOException ex) {
                logger.info("The Redis on port %d was gone already".formatted(this.redis.port()));
            }
        }
    }

    /** Whether nothing under {@code spring.data.redis} says where another Redis is. */
    static class NoRedisGiven implements Condition {

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return !Binder.get(context.getEnvironment())
                    .bind("spring.data.redis", Bindable.mapOf(String.class, Object.class))
                    .isBound();
        }
    }
}
