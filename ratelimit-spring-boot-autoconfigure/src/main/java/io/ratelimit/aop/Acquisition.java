package io.ratelimit.aop;

import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What annotations of one resource and key acquire together, all or nothing. Immutable.
 */
final class Acquisition {

    private final @Nullable CallExpression key;

    private final List<Part> parts;

    private final boolean conditional;

    private final LimitRequest whole;

    /**
     * Makes an acquisition.
     *
     * @param request what its calls ask for, without a key and for all kinds of limits
     * @param key whose share it is; {@code null}: one share for all
     * @param parts the annotations, at least one
     */
    Acquisition(LimitRequest request, @Nullable CallExpression key, List<Part> parts) {
        this.key = key;
        this.parts = List.copyOf(parts);
        this.conditional = parts.stream().anyMatch((part) -> part.condition() != null);
        Set<LimitKind> kinds = EnumSet.noneOf(LimitKind.class);
        parts.forEach((part) -> kinds.add(part.kind()));
        this.whole = restrict(request, kinds);
    }

    String resource() {
        return this.whole.resource();
    }

    Set<LimitKind> kinds() {
        return this.whole.kinds();
    }

    /** Returns the request for a call; empty if the conditions leave nothing to acquire. */
    Optional<LimitRequest> request(CallRoot call) {
        return applicable(call).map((request) -> (this.key != null) ? request.key(this.key.keyText(call)) : request);
    }

    private Optional<LimitRequest> applicable(CallRoot call) {
        if (!this.conditional) {
            return Optional.of(this.whole);
        }
        Set<LimitKind> kinds = EnumSet.noneOf(LimitKind.class);
        for (Part part : this.parts) {
            if (part.condition() == null || part.condition().isTrue(call)) {
                kinds.add(part.kind());
            }
        }
        return kinds.isEmpty() ? Optional.empty() : Optional.of(restrict(this.whole, kinds));
    }

    private static LimitRequest restrict(LimitRequest request, Set<LimitKind> kinds) {
        return (kinds.size() == request.kinds().size())
                ? request
                : request.only(kinds.iterator().next());
    }

    /**
     * What one annotation adds.
     *
     * @param kind the kind of limits that apply
     * @param condition when they apply; {@code null}: always
     */
    record Part(LimitKind kind, @Nullable CallExpression condition) {}
}
