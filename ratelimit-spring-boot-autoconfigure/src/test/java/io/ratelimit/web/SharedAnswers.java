package io.ratelimit.web;

import io.ratelimit.LimitExceededException;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** What an application may have to say about refusals, each if its property is true. */
@Configuration(proxyBeanMethods = false)
public class SharedAnswers {

    @Bean
    @ConditionalOnBooleanProperty("test.replacing")
    LimitExceededHandler replacing() {
        return (refusal, problem) -> {
            problem.setProperty("help", "https://example.org/" + refusal.resource());
            return ResponseEntity.status(418).header("X-Own", "yes").body(problem);
        };
    }

    @Bean
    @ConditionalOnBooleanProperty("test.broken")
    LimitExceededHandler broken() {
        return (refusal, problem) -> {
            throw new IllegalStateException("broken");
        };
    }

    @RestControllerAdvice
    @ConditionalOnBooleanProperty("test.catch-all")
    static class CatchAll {

        @ExceptionHandler
        ResponseEntity<String> any(Exception failure) {
            return ResponseEntity.internalServerError().body("caught all");
        }
    }

    @RestControllerAdvice
    @ConditionalOnBooleanProperty("test.naming")
    static class Naming {

        @ExceptionHandler
        ResponseEntity<String> refusal(LimitExceededException refusal) {
            return ResponseEntity.status(509).body("own: " + refusal.resource());
        }
    }
}
