package io.ratelimit.aop;

import java.lang.reflect.Method;
import java.net.InetAddress;
import java.security.Principal;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ObjectUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Turns what a key expression yields into the text that names a share: equal values give equal texts, on every instance of the
 * application, and different values different ones.
 *
 * <p>{@code List.of("a,b", "c")} gives {@code a\,b,c}, which no other list gives.
 */
final class KeyText {

    private KeyText() {}

    /**
     * Returns the text of a key.
     *
     * @throws IllegalArgumentException if the value cannot be a key; the message says why, without the value
     */
    static String of(@Nullable Object value) {
        String text = textOf(value);
        if (text.isBlank()) {
            throw new IllegalArgumentException("is blank");
        }
        return text;
    }

    private static String textOf(@Nullable Object value) {
        if (value == null) {
            throw new IllegalArgumentException("is null");
        }
        if (value instanceof CharSequence || value instanceof Number) {
            return value.toString();
        }
        if (value instanceof Optional<?> optional) {
            return of(optional.orElse(null));
        }
        if (value instanceof Principal principal) {
            return of(principal.getName());
        }
        if (value instanceof Enum<?> constant) {
            return constant.name();
        }
        if (value instanceof InetAddress address) {
            return address.getHostAddress();
        }
        if (value instanceof Collection<?> || value.getClass().isArray()) {
            return ofAll(value);
        }
        return ofOther(value);
    }

    private static String ofAll(Object value) {
        Collection<?> elements =
                (value instanceof Collection<?> some) ? some : Arrays.asList(ObjectUtils.toObjectArray(value));
        if (elements.isEmpty()) {
            throw new IllegalArgumentException("is empty");
        }
        Stream<String> texts = elements.stream().map(KeyText::element);
        // a set's order may differ from one JVM to the next
        return ((value instanceof Set<?>) ? texts.sorted() : texts).collect(Collectors.joining(","));
    }

    private static String element(@Nullable Object element) {
        try {
            return of(element).replace("\\", "\\\\").replace(",", "\\,");
        } catch (IllegalArgumentException ex) {
            throw new IllegalArgumentException("has an element that " + ex.getMessage(), ex);
        }
    }

    private static String ofOther(Object value) {
        Class<?> type = value.getClass();
        Method toString = ReflectionUtils.findMethod(type, "toString");
        if (value instanceof Map<?, ?> || toString == null || toString.getDeclaringClass() == Object.class) {
            throw new IllegalArgumentException("is of %s, which has no text that says which one it is".formatted(type));
        }
        return value.toString();
    }
}
