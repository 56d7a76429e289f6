package io.ratelimit.aop;

import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.expression.EvaluationException;
import org.springframework.expression.Expression;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.Literal;
import org.springframework.expression.spel.ast.Operator;
import org.springframework.expression.spel.standard.SpelExpression;
import org.springframework.expression.spel.support.StandardEvaluationContext;

/**
 * A parsed expression of an annotation, evaluated for each call. Thread-safe. Messages name it and where it stands, never a
 * value.
 */
final class CallExpression {

    private final Expression expression;

    private final String place;

    private final Map<String, Integer> parameters;

    private final StandardEvaluationContext delegates;

    /**
     * Makes an expression.
     *
     * @param expression the parsed expression
     * @param place which attribute of which annotation it is, and the method it is evaluated for
     * @param parameters the indexes of the method's parameters by the names that the expression may use
     * @param delegates how beans, types and properties are found; never changed
     */
    CallExpression(
            Expression expression, String place, Map<String, Integer> parameters, StandardEvaluationContext delegates) {
        this.expression = expression;
        this.place = place;
        this.parameters = parameters;
        this.delegates = delegates;
    }

    /** Returns whose share a call takes: never blank. */
    String keyText(CallRoot call) {
        try {
            return KeyText.of(evaluate(call, Object.class));
        } catch (IllegalArgumentException ex) {
            throw new IllegalStateException(
                    "%s cannot say whose share this call takes, because its value %s. A call without a key is never counted in a share of others: give the expression another value for such calls, or leave them out with a 'condition'."
                            .formatted(this, ex.getMessage()),
                    ex);
        }
    }

    boolean isTrue(CallRoot call) {
        Boolean value = evaluate(call, Boolean.class);
        if (value == null) {
            throw new IllegalStateException("%s is null for this call; it must be true or false.".formatted(this));
        }
        return value;
    }

    /** Returns how much a call takes. */
    long amount(CallRoot call) {
        try {
            return AmountNumber.of(evaluate(call, Object.class));
        } catch (IllegalArgumentException ex) {
            throw new IllegalStateException(
                    "%s %s%s; it must be a whole number, 0 or more."
                            .formatted(this, ex.getMessage(), isConstant() ? "" : " for this call"),
                    ex);
        }
    }

    /** Returns whether its value is the same for all calls: it is made of literals alone. */
    boolean isConstant() {
        return this.expression instanceof SpelExpression known && isConstant(known.getAST());
    }

    private static boolean isConstant(SpelNode node) {
        boolean fixed = node instanceof Literal || node instanceof Operator;
        return fixed && IntStream.range(0, node.getChildCount()).allMatch((i) -> isConstant(node.getChild(i)));
    }

    private <T> @Nullable T evaluate(CallRoot call, Class<T> type) {
        try {
            return this.expression.getValue(new CallEvaluationContext(call), type);
        } catch (EvaluationException ex) {
            throw new IllegalStateException("%s cannot be evaluated for this call.".formatted(this), ex);
        }
    }

    /** Returns the expression and its place, such as {@code The key 'user' of @RateLimited on com.acme.Orders.export()}. */
    @Override
    public String toString() {
        return "The " + this.place;
    }

    /** Looks parameters up instead of copying them all into variables. */
    private final class CallEvaluationContext extends StandardEvaluationContext {

        private final CallRoot call;

        CallEvaluationContext(CallRoot call) {
            super(call);
            this.call = call;
            CallExpression.this.delegates.applyDelegatesTo(this);
        }

        @Override
        public @Nullable Object lookupVariable(String name) {
            Integer index = CallExpression.this.parameters.get(name);
            return (index != null) ? this.call.getArgs()[index] : super.lookupVariable(name);
        }
    }
}
