package io.ratelimit.aop;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * How messages name methods: {@code com.acme.Orders.export(String, int)}.
 */
final class Descriptions {

    private Descriptions() {}

    static String of(Method method) {
        return method.getDeclaringClass().getName() + "." + signature(method);
    }

    static String signature(Method method) {
        return Arrays.stream(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(", ", method.getName() + "(", ")"));
    }
}
