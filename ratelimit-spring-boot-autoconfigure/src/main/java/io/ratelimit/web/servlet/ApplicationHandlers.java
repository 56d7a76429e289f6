package io.ratelimit.web.servlet;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.http.MediaType;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.method.annotation.ExceptionHandlerMappingInfo;
import org.springframework.web.method.annotation.ExceptionHandlerMethodResolver;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.handler.HandlerExceptionResolverComposite;
import org.springframework.web.servlet.mvc.method.annotation.ExceptionHandlerExceptionResolver;

/**
 * The {@code @ExceptionHandler} methods of the application, searched in the order of Spring MVC: the controller's own, then those
 * of each advice. The first that fits is the one that will be called.
 */
final class ApplicationHandlers {

    private final Map<Class<?>, ExceptionHandlerMethodResolver> ofControllers = new ConcurrentHashMap<>();

    private final Supplier<List<ExceptionHandlerExceptionResolver>> withAdvices;

    ApplicationHandlers(Supplier<Stream<HandlerExceptionResolver>> resolvers) {
        this.withAdvices = SingletonSupplier.of(() ->
                resolvers.get().flatMap(ApplicationHandlers::withAdvicesIn).toList());
    }

    /** Returns whether the method that will be called names an exception of this library, rather than a supertype. */
    boolean askFor(Exception thrown, @Nullable Object handler) {
        return candidates(handler)
                .flatMap((candidate) -> Stream.ofNullable(candidate.resolveExceptionMapping(thrown, MediaType.ALL)))
                .findFirst()
                .filter(ApplicationHandlers::namesOneOfOurs)
                .isPresent();
    }

    private Stream<ExceptionHandlerMethodResolver> candidates(@Nullable Object handler) {
        if (handler instanceof HandlerMethod method) {
            ExceptionHandlerMethodResolver own =
                    this.ofControllers.computeIfAbsent(method.getBeanType(), ExceptionHandlerMethodResolver::new);
            return Stream.concat(Stream.of(own), ofAdvices(AopUtils.getTargetClass(method.getBean())));
        }
        return ofAdvices(null);
    }

    private Stream<ExceptionHandlerMethodResolver> ofAdvices(@Nullable Class<?> controller) {
        return this.withAdvices.get().stream()
                .flatMap((resolver) -> resolver.getExceptionHandlerAdviceCache().entrySet().stream())
                .filter((advice) -> advice.getKey().isApplicableToBeanType(controller))
                .map(Map.Entry::getValue);
    }

    private static boolean namesOneOfOurs(ExceptionHandlerMappingInfo method) {
        return method.getExceptionTypes().stream()
                .anyMatch((type) -> LimitExceededException.class.isAssignableFrom(type)
                        || BackendUnavailableException.class.isAssignableFrom(type));
    }

    private static Stream<ExceptionHandlerExceptionResolver> withAdvicesIn(HandlerExceptionResolver resolver) {
        if (resolver instanceof HandlerExceptionResolverComposite composite) {
            return composite.getExceptionResolvers().stream().flatMap(ApplicationHandlers::withAdvicesIn);
        }
        return (resolver instanceof ExceptionHandlerExceptionResolver one) ? Stream.of(one) : Stream.empty();
    }
}
