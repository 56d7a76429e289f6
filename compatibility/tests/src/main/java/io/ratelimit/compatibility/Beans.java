package io.ratelimit.compatibility;

import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitPolicy;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/** Beans with annotations in all places. */
@Configuration(proxyBeanMethods = false)
class Beans {

    @Bean
    Methods methods(Work work) {
        return new Methods(work);
    }

    @Bean
    Typed typed() {
        return new Typed();
    }

    @Bean
    Declared declared() {
        return () -> "ok";
    }

    /** An annotation of the application's own. */
    @Retention(RetentionPolicy.RUNTIME)
    @RateLimited("both")
    @ConcurrencyLimited("both")
    @interface CallsBoth {}

    /** Limits that only an interface declares. */
    interface Declared {

        @RateLimited("declared")
        String call();
    }

    /** A limit for all methods. */
    @RateLimited("typed")
    static class Typed {

        String one() {
            return "one";
        }

        String other() {
            return "other";
        }
    }

    /** A limit on each method. */
    static class Methods {

        private final Work work;

        Methods(Work work) {
            this.work = work;
        }

        @RateLimited("plain")
        String plain() {
            return "ok";
        }

        @RateLimited(limit = 1, window = "1h", key = "#user")
        String inline(String user) {
            return user;
        }

        @RateLimited(name = "spelled", key = "@tenants.of(#user)", condition = "#user != 'root@all'")
        String spelled(String user) {
            return user;
        }

        @RateLimited(limit = 10, window = "1h", amount = "#text.length()", fallbackMethod = "shorter")
        String amount(String text) {
            return text;
        }

        private String shorter(String text, LimitExceededException refusal) {
            return "fallback: " + refusal.limitName();
        }

        @CallsBoth
        String both(Supplier<String> nested) {
            return nested.get();
        }

        @ConcurrencyLimited("line")
        String inLine(Supplier<String> action) {
            return action.get();
        }

        @ConcurrencyLimited(name = "hasty")
        String hasty(Supplier<String> action) {
            return action.get();
        }

        @ConcurrencyLimited(name = "own", policy = LimitPolicy.REJECT)
        CompletionStage<String> stage(CompletableFuture<String> end) {
            return end;
        }

        @ConcurrencyLimited("slots")
        Mono<String> mono() {
            return Mono.fromFuture(this.work.end(), true);
        }

        @ConcurrencyLimited("observed")
        String observed(Supplier<String> nested) {
            return nested.get();
        }
    }
}
