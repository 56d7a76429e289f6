package io.ratelimit.aop;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * Turns what an amount expression yields into a whole number. Nothing is rounded: a fraction is a mistake that would be hard to find.
 */
final class AmountNumber {

    private AmountNumber() {}

    /**
     * Returns the number.
     *
     * @throws IllegalArgumentException if the value is no amount; the message says why, and quotes numbers only
     */
    static long of(@Nullable Object value) {
        if (value == null) {
            throw new IllegalArgumentException("is null");
        }
        if (!(value instanceof Number number)) {
            throw new IllegalArgumentException("is of %s, which is no number,".formatted(value.getClass()));
        }
        long amount = exact(number);
        if (amount < 0) {
            throw new IllegalArgumentException("is " + number);
        }
        return amount;
    }

    private static long exact(Number number) {
        if (number instanceof Integer || number instanceof Long || number instanceof Short || number instanceof Byte) {
            return number.longValue();
        }
        try {
            return new BigDecimal(number.toString()).longValueExact();
        } catch (ArithmeticException | NumberFormatException ex) {
            throw new IllegalArgumentException("is " + number, ex);
        }
    }
}
