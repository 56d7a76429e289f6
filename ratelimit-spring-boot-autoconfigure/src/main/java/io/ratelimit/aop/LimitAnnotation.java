package io.ratelimit.aop;

import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import org.springframework.core.annotation.MergedAnnotation;

/**
 * One {@code @RateLimited} or {@code @ConcurrencyLimited}, as it stands on a method or type.
 *
 * @param kind the kind of limits that it applies
 * @param values its attributes, meta-annotations resolved
 * @param source the method or class that carries it
 */
record LimitAnnotation(LimitKind kind, MergedAnnotation<?> values, AnnotatedElement source) {

    String text(String attribute) {
        return this.values.getString(attribute);
    }

    String key() {
        return text("key");
    }

    String condition() {
        return text("condition");
    }

    String fallbackMethod() {
        return text("fallbackMethod");
    }

    String amount() {
        return text("amount");
    }

    String amountOf() {
        return text("amountOf");
    }

    LimitPolicy policy() {
        return this.values.getEnum("policy", LimitPolicy.class);
    }

    int priority() {
        return this.values.getInt("priority");
    }

    boolean isOnType() {
        return this.source instanceof Class<?>;
    }

    /** Returns the class that carries the annotation, itself or on one of its methods. */
    Class<?> sourceClass() {
        return (this.source instanceof Method method) ? method.getDeclaringClass() : (Class<?>) this.source;
    }

    /** Returns the annotation and its place, such as {@code @RateLimited on com.acme.Orders.export(String)}. */
    String where() {
        return "@" + this.values.getType().getSimpleName() + " on " + place();
    }

    String place() {
        return (this.source instanceof Method method) ? Descriptions.of(method) : ((Class<?>) this.source).getName();
    }
}
