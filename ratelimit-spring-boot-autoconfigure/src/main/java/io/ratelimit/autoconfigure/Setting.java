package io.ratelimit.autoconfigure;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.LimitPolicy;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/**
 * A property: turned into a value, or into an error that names the property, what it is and the fix.
 *
 * @param path the full name of the property
 * @param value what it is, for messages
 * @param text the part of the value that is looked at
 */
record Setting(String path, String value, String text) {

    static final String NUMBER_FIX = "Write a whole number, such as 10.";

    static final String DURATION_FIX =
            "Write a number and a unit, such as 100ms, 10s, 1m, 2h or 30d, or ISO-8601 such as PT1M.";

    /** Says which values an enum has: {@code Set it to reject, block or observe.} */
    static String oneOf(Class<?> type) {
        List<String> words = Arrays.stream(Objects.requireNonNull(type.getEnumConstants()))
                .filter((constant) -> constant != LimitPolicy.INHERIT)
                .map((constant) -> constant.toString().toLowerCase(Locale.ROOT).replace('_', '-'))
                .toList();
        int last = words.size() - 1;
        return (last == 0)
                ? "Set it to %s.".formatted(words.get(0))
                : "Set it to %s or %s.".formatted(String.join(", ", words.subList(0, last)), words.get(last));
    }

    Setting(String path, String value) {
        this(path, value, value.trim());
    }

    Setting part(String part) {
        return new Setting(this.path, this.value, part.trim());
    }

    BigDecimal number() {
        try {
            return new BigDecimal(this.text);
        } catch (NumberFormatException ex) {
            throw wrong("'%s' is not a number".formatted(this.text), NUMBER_FIX, ex);
        }
    }

    long wholeNumber() {
        return wholeNumber(1);
    }

    /** Returns so many times the number. */
    long wholeNumber(long times) {
        try {
            return number().multiply(BigDecimal.valueOf(times)).longValueExact();
        } catch (ArithmeticException ex) {
            throw wrong("'%s' is not a whole number, or far too large".formatted(this.text), NUMBER_FIX, ex);
        }
    }

    Duration duration() {
        if (!this.text.isEmpty() && this.text.chars().allMatch(Character::isDigit)) {
            throw wrong("'%s' has no unit".formatted(this.text), DURATION_FIX, null);
        }
        try {
            return DurationStyle.detectAndParse(this.text);
        } catch (IllegalArgumentException | ArithmeticException ex) {
            throw wrong("'%s' is not a duration".formatted(this.text), DURATION_FIX, ex);
        }
    }

    Duration notNegative() {
        Duration duration = duration();
        if (duration.isNegative()) {
            throw wrong("It is negative", DURATION_FIX, null);
        }
        return duration;
    }

    /** Makes a value whose constructor says why it does not want the text. */
    <T> T make(Supplier<T> maker, String fix) {
        try {
            return maker.get();
        } catch (IllegalArgumentException ex) {
            throw wrong(String.valueOf(ex.getMessage()), fix, ex);
        }
    }

    LimitConfigurationException wrong(String reason, String fix, @Nullable Throwable cause) {
        LimitConfigurationException wrong = new LimitConfigurationException(
                "The property '%s' is '%s'. %s.".formatted(this.path, this.value, reason), fix);
        if (cause != null) {
            wrong.initCause(cause);
        }
        return wrong;
    }
}
