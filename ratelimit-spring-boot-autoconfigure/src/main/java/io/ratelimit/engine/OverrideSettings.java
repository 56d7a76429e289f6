package io.ratelimit.engine;

import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceOverride.LimitOverride;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Overrides as the settings that a backend keeps, one for each value, so that two operators who change different things at a time lose
 * nothing: {@code openai/policy} is {@code observe}, {@code openai/rates.tokens.limit} is {@code 20000}.
 */
final class OverrideSettings {

    private static final Log logger = LogFactory.getLog(OverrideSettings.class);

    private static final String POLICY = "policy";

    private static final String MAX_WAIT = "max-wait";

    private static final String ENABLED = "enabled";

    private static final String LIMIT = ".limit";

    private static final String WINDOW = ".window";

    private OverrideSettings() {}

    /** Returns the settings that say what is changed of a resource. */
    static Map<String, Optional<String>> write(String resource, ResourceOverride override) {
        Map<String, Optional<String>> settings = new HashMap<>();
        put(settings, resource, POLICY, override.policy() == null ? null : lowerCase(override.policy()));
        put(settings, resource, MAX_WAIT, override.maxWait());
        put(settings, resource, ENABLED, override.enabled());
        for (LimitOverride limit : override.limits()) {
            String name = group(limit.kind()) + limit.name();
            put(settings, resource, name + LIMIT, limit.limit());
            put(settings, resource, name + WINDOW, limit.window());
        }
        return settings;
    }

    private static void put(
            Map<String, Optional<String>> settings, String resource, String name, @Nullable Object value) {
        if (value != null) {
            settings.put(resource + '/' + name, Optional.of(value.toString()));
        }
    }

    /** Returns the settings that take back whatever is changed of a resource. */
    static Map<String, Optional<String>> remove(String resource, Map<String, String> settings) {
        return settings.keySet().stream()
                .filter((name) -> name.startsWith(resource + '/'))
                .collect(Collectors.toMap((name) -> name, (name) -> Optional.empty()));
    }

    /** Reads what is changed of which resource. What it does not understand, maybe of a later version, it leaves out. */
    static Map<String, ResourceOverride> read(Map<String, String> settings) {
        Map<String, ResourceOverride> overrides = new HashMap<>();
        new TreeMap<>(settings).forEach((name, value) -> {
            int slash = name.indexOf('/');
            if (slash <= 0) {
                return;
            }
            try {
                ResourceOverride one = readOne(name.substring(slash + 1), value);
                overrides.merge(name.substring(0, slash), one, ResourceOverride::and);
            } catch (IllegalArgumentException | DateTimeException ex) {
                logger.debug("A change at run time is not understood: " + ex.getMessage());
            }
        });
        return overrides;
    }

    private static ResourceOverride readOne(String name, String value) {
        return switch (name) {
            case POLICY ->
                new ResourceOverride(List.of(), LimitPolicy.valueOf(value.toUpperCase(Locale.ROOT)), null, null);
            case MAX_WAIT -> new ResourceOverride(List.of(), null, Duration.parse(value), null);
            case ENABLED -> new ResourceOverride(List.of(), null, null, Boolean.valueOf(value));
            default -> new ResourceOverride(readLimit(name, value), null, null, null);
        };
    }

    private static List<LimitOverride> readLimit(String name, String value) {
        for (LimitKind kind : LimitKind.values()) {
            String group = group(kind);
            if (name.startsWith(group) && name.endsWith(LIMIT)) {
                String limit = name.substring(group.length(), name.length() - LIMIT.length());
                return List.of(new LimitOverride(kind, limit, Long.valueOf(value), null));
            }
            if (name.startsWith(group) && name.endsWith(WINDOW)) {
                String limit = name.substring(group.length(), name.length() - WINDOW.length());
                return List.of(new LimitOverride(kind, limit, null, Duration.parse(value)));
            }
        }
        return List.of();
    }

    /** Describes what an override changes, for logs. */
    static String describe(String resource, ResourceOverride override) {
        if (override.isEmpty()) {
            return "nothing";
        }
        List<String> parts = new ArrayList<>();
        new TreeMap<>(write(resource, override))
                .forEach((name, value) -> parts.add(name.substring(resource.length() + 1) + '=' + value.orElse("")));
        return String.join(", ", parts);
    }

    private static String group(LimitKind kind) {
        return kind == LimitKind.RATE ? "rates." : "concurrencies.";
    }

    private static String lowerCase(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
