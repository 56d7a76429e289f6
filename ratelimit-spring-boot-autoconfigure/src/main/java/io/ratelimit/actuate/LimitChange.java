package io.ratelimit.actuate;

import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitPolicy;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.ResourceOverride.LimitOverride;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/**
 * The words of a request to change a resource at run time, and what they mean. What it does not understand is an {@link
 * IllegalArgumentException} that says what is allowed.
 *
 * @param limit how much may be taken; {@code null} here and below: not changed
 * @param window the window of a rate limit, such as {@code 1m} or {@code PT1M}
 * @param name which limit; {@code null}: the only one there is, or the one named {@code default}
 * @param kind {@code rate} or {@code concurrency}, where two limits have that name
 * @param policy {@code reject}, {@code block} or {@code observe}
 * @param maxWait how long calls wait at most, such as {@code 5s}
 * @param enabled whether calls are limited
 */
record LimitChange(
        @Nullable Long limit,
        @Nullable String window,
        @Nullable String name,
        @Nullable String kind,
        @Nullable String policy,
        @Nullable String maxWait,
        @Nullable Boolean enabled) {

    ResourceOverride of(ResourceDefinition definition) {
        ResourceOverride override = new ResourceOverride(
                limits(definition),
                this.policy == null ? null : constant(LimitPolicy.class, "policy", this.policy),
                this.maxWait == null ? null : duration("maxWait", this.maxWait),
                this.enabled);
        if (override.isEmpty()) {
            throw new IllegalArgumentException(
                    "Nothing is changed: give at least one of limit, window, policy, maxWait, enabled");
        }
        return override;
    }

    private List<LimitOverride> limits(ResourceDefinition definition) {
        if (this.limit == null && this.window == null) {
            if (this.name != null || this.kind != null) {
                throw new IllegalArgumentException("Nothing is changed of the limit: give a limit, a window or both");
            }
            return List.of();
        }
        Limit meant = meant(definition);
        Duration length = this.window == null ? null : duration("window", this.window);
        return List.of(new LimitOverride(meant.kind(), meant.name(), this.limit, length));
    }

    private Limit meant(ResourceDefinition definition) {
        List<Limit> possible = definition.limits().stream()
                .filter((candidate) -> this.kind == null
                        ? this.window == null || candidate.kind() == LimitKind.RATE
                        : candidate.kind() == constant(LimitKind.class, "kind", this.kind))
                .filter((candidate) -> this.name == null || candidate.name().equals(this.name))
                .toList();
        List<Limit> unnamed = possible.stream()
                .filter((candidate) -> candidate.name().equals(Limit.DEFAULT_NAME))
                .toList();
        List<Limit> best = possible.size() > 1 && this.name == null ? unnamed : possible;
        if (best.size() == 1) {
            return best.get(0);
        }
        throw new IllegalArgumentException("%s limit of the resource '%s' is meant: give name and kind of one of %s"
                .formatted(
                        possible.isEmpty() ? "No" : "More than one",
                        definition.name(),
                        definition.limits().stream()
                                .map((candidate) -> word(candidate.kind()) + " " + candidate.name())
                                .toList()));
    }

    private static Duration duration(String what, String text) {
        // a bare number would be milliseconds, which hardly anyone means
        if (text.chars().noneMatch(Character::isLetter)) {
            throw unreadable(what, text);
        }
        try {
            return DurationStyle.detectAndParse(text);
        } catch (IllegalArgumentException | ArithmeticException ex) {
            throw unreadable(what, text);
        }
    }

    private static IllegalArgumentException unreadable(String what, String text) {
        return new IllegalArgumentException(
                "The %s '%s' is not a duration with its unit, such as 5s, 1m or PT1M".formatted(what, printable(text)));
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String what, String text) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().equalsIgnoreCase(text.trim()) && constant != LimitPolicy.INHERIT) {
                return constant;
            }
        }
        throw new IllegalArgumentException("The %s '%s' is none of %s"
                .formatted(
                        what,
                        printable(text),
                        Stream.of(type.getEnumConstants())
                                .filter((constant) -> constant != LimitPolicy.INHERIT)
                                .map(LimitChange::word)
                                .collect(Collectors.joining(", "))));
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String printable(String text) {
        return text.substring(0, Math.min(40, text.length())).replaceAll("\\p{Cntrl}", "?");
    }
}
