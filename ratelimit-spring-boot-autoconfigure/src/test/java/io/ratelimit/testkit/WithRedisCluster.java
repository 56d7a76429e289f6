package io.ratelimit.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Gives a test class the {@link RedisCluster#shared() shared} cluster, emptied before each test. Nested and derived test classes are
 * included.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(WithRedisCluster.Emptied.class)
public @interface WithRedisCluster {

    /** Empties it. */
    final class Emptied implements BeforeEachCallback {

        @Override
        public void beforeEach(ExtensionContext context) {
            RedisCluster.shared().flush();
        }
    }
}
