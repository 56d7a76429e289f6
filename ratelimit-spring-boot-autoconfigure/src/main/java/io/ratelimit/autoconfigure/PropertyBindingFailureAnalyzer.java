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
 * Says which property under {@code ratelimit} does not exist or is no duration. Other failures to bind are left to Spring
 * Boot, which lists the values that are allowed.
 */
@Order(0)
final class PropertyBindingFailureAnalyzer extends AbstractFailureAnalyzer<BindException> {

    private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of(RateLimitProperties.PREFIX);

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
        if (!PREFIX.equals(cause.getName()) && !PREFIX.isAncestorOf(cause.getName())) {
            return null;
        }
        UnboundConfigurationPropertiesException unknown =
                findCause(cause, UnboundConfigurationPropertiesException.class);
        if (unknown != null) {
            return new FailureAnalysis(unknownProperties(unknown), fixes(unknown), cause);
        }
        ConfigurationProperty property = cause.getProperty();
        if (property != null && cause.getTarget().getType().resolve() == Duration.class) {
            return new FailureAnalysis(
                    "The property '%s' is '%s'%s, which is not a duration."
                            .formatted(property.getName(), property.getValue(), origin(property)),
                    Setting.DURATION_FIX,
                    cause);
        }
        return null;
    }

    private static String unknownProperties(UnboundConfigurationPropertiesException unknown) {
        return unknown.getUnboundProperties().stream()
                .map((property) -> "There is no property '%s'%s.".formatted(property.getName(), origin(property)))
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static String fixes(UnboundConfigurationPropertiesException unknown) {
        return unknown.getUnboundProperties().stream()
                .map((property) -> KnownProperties.fix(property.getName()))
                .distinct()
                .collect(Collectors.joining(System.lineSeparator()));
    }

    private static String origin(ConfigurationProperty property) {
        return property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")";
    }
}
