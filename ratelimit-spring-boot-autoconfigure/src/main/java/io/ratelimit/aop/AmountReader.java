package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitRequest.AmountOf;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads how much annotations take. Thread-safe.
 */
final class AmountReader {

    private static final String FIX = "Give a whole number, 0 or more, or an expression that yields one.";

    private final CallExpressionParser expressions;

    private final ResourceReferences references;

    AmountReader(CallExpressionParser expressions, ResourceReferences references) {
        this.expressions = expressions;
        this.references = references;
    }

    /**
     * Returns what an annotation takes, or {@code null} if it takes 1 of everything.
     *
     * @param declaration the annotation
     * @param method the method that runs
     * @throws LimitConfigurationException if it cannot be read, or is no amount
     */
    @Nullable
    Amount read(LimitDeclaration declaration, Method method) {
        LimitAnnotation annotation = declaration.annotation();
        if (annotation.amount().isEmpty()) {
            if (!annotation.amountOf().isEmpty()) {
                throw AttributeReader.failure(
                        annotation, "has an 'amountOf' but no 'amount'", "Add an 'amount', or remove the 'amountOf'.");
            }
            return null;
        }
        CallExpression expression = this.expressions.parse(annotation.amount(), "amount", annotation, method);
        AmountOf of = of(annotation);
        this.references.add(
                ResourceReferences.ofAmount(declaration.resource(), annotation, of, constant(expression, method)));
        return new Amount(of, expression);
    }

    /**
     * Checks that annotations which acquire together do not say differently how much they take of the same limits.
     *
     * @throws LimitConfigurationException if they do
     */
    static void check(List<LimitDeclaration> together) {
        Map<AmountOf, LimitAnnotation> seen = new HashMap<>();
        for (LimitDeclaration declaration : together) {
            LimitAnnotation annotation = declaration.annotation();
            LimitAnnotation first = annotation.amount().isEmpty() ? null : seen.putIfAbsent(of(annotation), annotation);
            if (first != null && !first.amount().equals(annotation.amount())) {
                throw new LimitConfigurationException(
                        "%s and %s acquire the resource '%s' together, but differ in the 'amount' of %s: '%s' and '%s'."
                                .formatted(
                                        first.where(),
                                        annotation.where(),
                                        declaration.resource(),
                                        of(annotation),
                                        first.amount(),
                                        annotation.amount()),
                        "Give it once, or name the limit of each with 'amountOf'.");
            }
        }
    }

    private static AmountOf of(LimitAnnotation annotation) {
        return new AmountOf(annotation.kind(), annotation.amountOf().isEmpty() ? null : annotation.amountOf());
    }

    private static OptionalLong constant(CallExpression expression, Method method) {
        if (!expression.isConstant()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(expression.amount(new CallRoot(method, new Object[0], null, CallContext.NONE)));
        } catch (IllegalStateException ex) {
            throw new LimitConfigurationException(String.valueOf(ex.getMessage()), FIX);
        }
    }
}
