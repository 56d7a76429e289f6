package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitExceededException;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.GenerationContext;
import org.springframework.aot.generate.InMemoryGeneratedFiles;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.TypeReference;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.javapoet.ClassName;

/** What is kept of an application that is compiled ahead of time. */
class RuntimeHintsTests {

    private final RuntimeHints hints = hintsOf(Application.class);

    private static RuntimeHints hintsOf(Class<?> application) {
        GenerationContext generation = new DefaultGenerationContext(
                new ClassNameGenerator(ClassName.get(application)), new InMemoryGeneratedFiles());
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.register(application);
            new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
        }
        return generation.getRuntimeHints();
    }

    private static List<String> resources(String pattern) throws IOException {
        return Arrays.stream(new PathMatchingResourcePatternResolver().getResources("classpath*:" + pattern))
                .map(Resource::getFilename)
                .toList();
    }

    @Test
    void allScripts() throws IOException {
        assertThat(resources("io/ratelimit/redis/*.lua"))
                .contains("main.lua", "clock.lua")
                .allSatisfy((name) -> assertThat(
                                RuntimeHintsPredicates.resource().forResource("io/ratelimit/redis/" + name))
                        .as(name)
                        .accepts(this.hints));
    }

    @Test
    void thePage() {
        assertThat(RuntimeHintsPredicates.resource().forResource("io/ratelimit/actuate/dashboard.html"))
                .accepts(this.hints);
    }

    @Test
    void whatExpressionsNameOfACall() throws ClassNotFoundException {
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation("io.ratelimit.aop.CallRoot", "header"))
                .accepts(this.hints);
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation("io.ratelimit.aop.CallRoot", "getUser"))
                .accepts(this.hints);
    }

    @Test
    void fallbackMethods() throws NoSuchMethodException {
        assertThat(RuntimeHintsPredicates.reflection()
                        .onMethodInvocation(
                                Limited.class.getDeclaredMethod("instead", Order.class, LimitExceededException.class)))
                .accepts(this.hints);
    }

    @Test
    void typesThatExpressionsReach() throws NoSuchMethodException {
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Order.class.getDeclaredMethod("customer")))
                .accepts(this.hints);
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Customer.class.getDeclaredMethod("getId")))
                .accepts(this.hints);
        assertThat(RuntimeHintsPredicates.reflection()
                        .onMethodInvocation(Tenants.class.getDeclaredMethod("of", String.class)))
                .accepts(this.hints);
    }

    @Test
    void properties() {
        assertThat(RuntimeHintsPredicates.reflection()
                        .onType(TypeReference.of("io.ratelimit.autoconfigure.RateLimitProperties$Resource")))
                .accepts(this.hints);
    }

    @Test
    void nothingOfBeansWithoutLimits() throws ClassNotFoundException {
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(Unlimited.class.getName(), "call"))
                .rejects(this.hints);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(RateLimitAutoConfiguration.class)
    static class Application {

        @Bean
        Limited limited() {
            return new Limited();
        }

        @Bean
        Unlimited unlimited() {
            return new Unlimited();
        }

        @Bean
        Tenants tenants() {
            return new Tenants();
        }
    }

    static class Limited {

        @RateLimited(limit = 1, window = "1m", key = "#order.customer().id", fallbackMethod = "instead")
        public String call(Order order) {
            return "called";
        }

        private String instead(Order order, LimitExceededException refusal) {
            return "instead";
        }

        @ConcurrencyLimited(limit = 1, key = "@tenants.of(#p0)")
        public String other(String user) {
            return user;
        }
    }

    static class Unlimited {

        public String call() {
            return "called";
        }
    }

    record Order(Customer customer) {}

    static class Customer {

        public String getId() {
            return "id";
        }
    }

    static class Tenants {

        public String of(String user) {
            return user;
        }
    }
}
