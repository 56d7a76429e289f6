package io.ratelimit.aop;

import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitRequest.AmountOf;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What annotations of one resource and key acquire together, all or nothing. Immutable.
 */
final class Acquisition {

    private final @Nullable CallExpression key;

    private final List<Part> parts;

    /** Whether every call asks for the same, but for its key. */
    private final boolean uniform;

    private final LimitRequest anyKind;

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
        this.uniform = parts.stream().allMatch((part) -> part.condition() == null && part.amount() == null);
        this.anyKind = request;
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

    /** Returns the request for a call; empty if the conditions and amounts leave nothing to acquire. */
    Optional<LimitRequest> request(CallRoot call) {
        Optional<LimitRequest> request = this.uniform ? Optional.of(this.whole) : applicable(call);
        return request.map((unkeyed) -> (this.key != null) ? unkeyed.key(this.key.keyText(call)) : unkeyed);
    }

    private Optional<LimitRequest> applicable(CallRoot call) {
        Set<LimitKind> kinds = EnumSet.noneOf(LimitKind.class);
        LimitRequest request = this.anyKind;
        for (Part part : this.parts) {
            if (part.condition() == null || part.condition().isTrue(call)) {
                kinds.add(part.kind());
                request = (part.amount() != null) ? part.amount().addTo(request, call) : request;
            }
        }
        Map<AmountOf, Long> amounts = request.amounts();
        kinds.removeIf((kind) -> takesNothing(kind, amounts));
        return kinds.isEmpty() ? Optional.empty() : Optional.of(restrict(request, kinds));
    }

    private static boolean takesNothing(LimitKind kind, Map<AmountOf, Long> amounts) {
        return amounts.containsKey(new AmountOf(kind, null))
                && amounts.entrySet().stream()
                        .allMatch((amount) -> amount.getKey().kind() != kind || amount.getValue() == 0);
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
     * @param amount how much it takes of them; {@code null}: 1 of each
     */
    record Part(
            LimitKind kind,
            @Nullable CallExpression condition,
            @Nullable Amount amount) {}
}
