package io.ratelimit.autoconfigure;

import java.time.Duration;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.annotation.Order;

/**
 * Says which property under {@code ratelimit} does not exist, is empty, or is no duration, no whole number or none of its values. Other
 * failures to bind are left to Spring Boot.
 */
@Order(0)
final class PropertyBindingFailureAnalyzer extends AbstractFailureAnalyzer<BindException> {

    private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of(RateLimitProperties.PREFIX);

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
        if (!PREFIX.equals(cause.getName()) && !PREFIX.isAncestorOf(cause.getName())) {
            return null;
        }
        UnboundConfigurationPropertiesException unbound =
                findCause(cause, UnboundConfigurationPropertiesException.class);
        if (unbound != null) {
            return new FailureAnalysis(unboundProperties(unbound), fixes(unbound), cause);
        }
        ConfigurationProperty property = cause.getProperty();
        Class<?> type = cause.getTarget().getType().resolve();
        return (property != null && type != null) ? unreadable(property, type, cause) : null;
    }

    private static @Nullable FailureAnalysis unreadable(
            ConfigurationProperty property, Class<?> type, BindException cause) {
        if (type == Duration.class) {
            return unreadable(property, "not a duration", Setting.DURATION_FIX, cause);
        }
        if (type == int.class || type == Integer.class) {
            return unreadable(property, "not a whole number, or far too large", Setting.NUMBER_FIX, cause);
        }
        if (type.isEnum()) {
            return unreadable(property, "none of its values", Setting.oneOf(type), cause);
        }
        return null;
    }

    private static FailureAnalysis unreadable(
            ConfigurationProperty property, String what, String fix, BindException cause) {
        return new FailureAnalysis(
                "The property '%s' is '%s'%s, which is %s."
                        .formatted(property.getName(), property.getValue(), origin(property), what),
                fix,
                cause);
    }

    private static String unboundProperties(UnboundConfigurationPropertiesException unbound) {
        return unbound.getUnboundProperties().stream()
                .map((property) -> (KnownProperties.contains(property.getName())
                                ? "The property '%s'%s is empty."
                                : "There is no property '%s'%s.")
                        .formatted(property.getName(), origin(property)))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static String fixes(UnboundConfigurationPropertiesException unbound) {
        return unbound.getUnboundProperties().stream()
                .map((property) -> KnownProperties.fix(property.getName()))
                .distinct()
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static String origin(ConfigurationProperty property) {
        return property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")";
    }
}
