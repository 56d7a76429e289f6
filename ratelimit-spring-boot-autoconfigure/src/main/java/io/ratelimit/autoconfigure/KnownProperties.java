package io.ratelimit.autoconfigure;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

/**
 * Knows what could have been meant by a property that does not exist.
 */
final class KnownProperties {

    private KnownProperties() {}

    /** Returns whether there is such a property: it was not bound because it is empty, then. */
    static boolean contains(ConfigurationPropertyName name) {
        return firstUnknown(name) == null;
    }

    /** Names the properties there are where the first unknown element of a name stands. */
    static String fix(ConfigurationPropertyName name) {
        Unknown unknown = firstUnknown(name);
        return (unknown != null)
                ? fix(name, unknown.element(), unknown.owner())
                : "Give the property '%s' a value, or remove it.".formatted(name);
    }

    /** Follows the name through the records. */
    private static @Nullable Unknown firstUnknown(ConfigurationPropertyName name) {
        Type type = RateLimitProperties.class;
        for (int element = 1; element < name.getNumberOfElements(); element++) {
            if (type instanceof ParameterizedType map && map.getRawType() == Map.class) {
                type = map.getActualTypeArguments()[1];
                continue;
            }
            Type next = properties(type).get(name.getElement(element, Form.UNIFORM));
            if (next == null) {
                return new Unknown(element, type);
            }
            type = next;
        }
        return null;
    }

    private static String fix(ConfigurationPropertyName unknown, int element, Type type) {
        if (!(type instanceof Class<?> owner) || !owner.isRecord()) {
            return "Remove what follows '%s'.".formatted(unknown.chop(element));
        }
        String dotted = owner == RateLimitProperties.Resource.class
                ? " A resource name with a dot in it is written in brackets and quotes: \"[%s]\"."
                        .formatted(unknown.getElement(element - 1, Form.ORIGINAL) + "."
                                + unknown.getElement(element, Form.ORIGINAL))
                : "";
        return "Use one of those that '%s' has: %s.%s"
                .formatted(
                        unknown.chop(element),
                        Arrays.stream(owner.getRecordComponents())
                                .map((component) -> DataObjectPropertyName.toDashedForm(component.getName()))
                                .collect(Collectors.toCollection(TreeSet::new))
                                .stream()
                                .collect(Collectors.joining(", ")),
                        dotted);
    }

    private static Map<String, Type> properties(Type type) {
        if (!(type instanceof Class<?> owner) || !owner.isRecord()) {
            return Map.of();
        }
        return Arrays.stream(owner.getRecordComponents())
                .collect(Collectors.toMap(
                        (component) -> component.getName().toLowerCase(Locale.ROOT), RecordComponent::getGenericType));
    }

    /** The element of a name that its owner does not have. */
    private record Unknown(int element, Type owner) {}
}
