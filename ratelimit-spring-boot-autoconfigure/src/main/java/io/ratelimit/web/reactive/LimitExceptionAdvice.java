package io.ratelimit.web.reactive;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Answers what annotated controllers throw, as {@link LimitWebExceptionHandler} does, before an advice of the application that handles
 * {@code Exception} or {@link java.util.concurrent.RejectedExecutionException} swallows a refusal. It stands back behind all others where
 * one of them names an exception of this library. What a controller's own {@code @ExceptionHandler} takes never comes here.
 *
 * @since 0.1.0
 */
@ControllerAdvice
public final class LimitExceptionAdvice implements Ordered {

    private final LimitWebExceptionHandler handler;

    private final Supplier<Boolean> standsBack;

    /**
     * Makes an advice.
     *
     * @param handler answers
     * @param beans where the advices of the application are found, once it runs
     */
    public LimitExceptionAdvice(LimitWebExceptionHandler handler, ListableBeanFactory beans) {
        this.handler = handler;
        this.standsBack =
                SingletonSupplier.of(() -> advices(beans).anyMatch(LimitExceptionAdvice::namesOneOfOurs))::obtain;
    }

    @Override
    public int getOrder() {
        return this.standsBack.get() ? LOWEST_PRECEDENCE : HIGHEST_PRECEDENCE;
    }

    @ExceptionHandler({LimitExceededException.class, BackendUnavailableException.class})
    Mono<Void> answer(RuntimeException failure, ServerWebExchange exchange) {
        return this.handler.handle(exchange, failure);
    }

    private static Stream<Class<?>> advices(ListableBeanFactory beans) {
        return Arrays.stream(beans.getBeanNamesForAnnotation(ControllerAdvice.class))
                .<Class<?>>map((name) -> ClassUtils.getUserClass(Objects.requireNonNull(beans.getType(name))))
                .filter((type) -> type != LimitExceptionAdvice.class);
    }

    private static boolean namesOneOfOurs(Class<?> advice) {
        return Arrays.stream(ReflectionUtils.getAllDeclaredMethods(advice))
                .flatMap((method) -> Stream.concat(
                        Stream.ofNullable(AnnotatedElementUtils.findMergedAnnotation(method, ExceptionHandler.class))
                                .flatMap((annotation) -> Arrays.stream(annotation.value())),
                        AnnotatedElementUtils.hasAnnotation(method, ExceptionHandler.class)
                                ? Arrays.stream(method.getParameterTypes())
                                : Stream.empty()))
                .anyMatch((type) -> LimitExceededException.class.isAssignableFrom(type)
                        || BackendUnavailableException.class.isAssignableFrom(type));
    }
}
