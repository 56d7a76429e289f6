package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitPolicy;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;

/** What an application that does not start prints. */
@ExtendWith(OutputCaptureExtension.class)
class StartupFailureTests {

    /** Returns what it prints under "Description" and "Action". */
    private static String said(CapturedOutput output, Class<?> application, String... properties) {
        assertThatThrownBy(() -> new SpringApplicationBuilder(application)
                        .web(WebApplicationType.NONE)
                        .properties(
                                "spring.config.name=none", "spring.main.banner-mode=off", "logging.level.root=error")
                        .properties(properties)
                        .run()
                        .close())
                .isInstanceOf(Exception.class);
        assertThat(output).contains("APPLICATION FAILED TO START", "Description:", "Action:");
        return output.toString();
    }

    @Test
    void forAnUnknownResource(CapturedOutput output) {
        assertThat(said(output, Unknown.class, "ratelimit.backend=memory", "ratelimit.resources.known.rate=1/1m"))
                .contains("@RateLimited on " + Unknown.class.getName() + "$Methods.call()")
                .contains("'unknown'")
                .contains("known");
    }

    @Test
    void forABadDuration(CapturedOutput output) {
        assertThat(said(output, Empty.class, "ratelimit.backend=memory", "ratelimit.resources.api.rate=1/soon"))
                .contains("'ratelimit.resources.api.rate'")
                .contains("1/soon");
    }

    @Test
    void forAnUnknownProperty(CapturedOutput output) {
        assertThat(said(output, Empty.class, "ratelimit.backend=memory", "ratelimit.resources.api.rat=1/1m"))
                .contains("ratelimit.resources.api.rat")
                .contains("concurrency, ");
    }

    @Test
    void forAValueThatDoesNotBind(CapturedOutput output) {
        assertThat(said(output, Empty.class, "ratelimit.backend=elsewhere"))
                .contains("ratelimit.backend")
                .contains("elsewhere");
    }

    @Test
    void forAWaitWithoutAnEnd(CapturedOutput output) {
        assertThat(said(output, Endless.class, "ratelimit.backend=memory", "ratelimit.resources.pool.concurrency=1"))
                .contains("makes calls wait without an end")
                .contains("max-wait");
    }

    @Test
    void forAFallbackThatDoesNotFit(CapturedOutput output) {
        assertThat(said(output, BadFallback.class, "ratelimit.backend=memory"))
                .contains("The fallbackMethod 'instead' of")
                .contains("does not fit");
    }

    @Test
    void forAMethodThatNoProxyReaches(CapturedOutput output) {
        assertThat(said(output, Unreachable.class, "ratelimit.backend=memory"))
                .contains(Unreachable.class.getName() + "$Methods.call()");
    }

    @Test
    void forRedisThatIsNotThere(CapturedOutput output) {
        assertThat(said(
                        output,
                        Empty.class,
                        "spring.autoconfigure.exclude="
                                + "org.springframework.boot.autoconfigure.data.redis.RedisAutoConfiguration,"
                                + "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration"))
                .contains("There is no backend for limits")
                .contains("spring-boot-starter-data-redis");
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Empty {}

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Unknown {

        @Bean
        Methods methods() {
            return new Methods();
        }

        static class Methods {

            @RateLimited("unknown")
            public void call() {}
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Endless {

        @Bean
        Methods methods() {
            return new Methods();
        }

        static class Methods {

            @ConcurrencyLimited(name = "pool", policy = LimitPolicy.BLOCK)
            public void call() {}
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class BadFallback {

        @Bean
        Methods methods() {
            return new Methods();
        }

        static class Methods {

            @RateLimited(limit = 1, window = "1m", fallbackMethod = "instead")
            public String call(String text) {
                return text;
            }

            String instead(int number) {
                return "" + number;
            }
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Unreachable {

        @Bean
        Methods methods() {
            return new Methods();
        }

        static class Methods {

            @RateLimited(limit = 1, window = "1m")
            public final void call() {}
        }
    }
}
