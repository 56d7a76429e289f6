package io.ratelimit.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test class the {@link RedisServer#shared() shared} Redis, emptied before each test.
 *
 * <p>Test methods, lifecycle methods and constructors may take it as a parameter of type {@link RedisServer}. Nested and
 * derived test classes are included.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(SharedRedisExtension.class)
public @interface WithRedis {}
