package io.ratelimit;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to acquire. Immutable; every method returns a new request. A blank key, a negative amount and a request without a kind are
 * {@link IllegalArgumentException}s.
 *
 * <pre>{@code
 * LimitRequest.of("openai").key("u1").amount("tokens", 100)
 * }</pre>
 *
 * @param resource the name of the resource
 * @param key whose share it is; {@code null}: the one share for all
 * @param amounts how much of which limit, by the limit's name; limits that are not named take 1
 * @param policy what happens if there is no permit; {@link LimitPolicy#INHERIT} (the default): as the resource says
 * @param kinds the kinds of limits that apply; both by default
 */
public record LimitRequest(
        String resource, @Nullable String key, Map<String, Long> amounts, LimitPolicy policy, Set<LimitKind> kinds) {

    /**
     * Checks the values and copies the collections.
     *
     * @param resource the name of the resource
     * @param key whose share it is
     * @param amounts how much of which limit
     * @param policy what happens if there is no permit
     * @param kinds the kinds of limits that apply
     * @throws IllegalArgumentException for a value that makes no sense
     */
    public LimitRequest {
        if (key != null && key.isBlank()) {
            throw new IllegalArgumentException("The key for the resource '%s' is blank".formatted(resource));
        }
        if (kinds.isEmpty()) {
            throw new IllegalArgumentException("A request for '%s' needs a kind of limit".formatted(resource));
        }
        amounts = Map.copyOf(amounts);
        amounts.forEach((limit, amount) -> {
            if (amount < 0) {
                throw new IllegalArgumentException(
                        "The amount of '%s' for the resource '%s' is %d; it must be 0 or more"
                                .formatted(limit, resource, amount));
            }
        });
        kinds = Set.copyOf(kinds);
    }

    /**
     * Makes a request for one unit of every limit of a resource.
     *
     * @param resource the name of the resource
     * @return the request
     */
    public static LimitRequest of(String resource) {
        return new LimitRequest(resource, null, Map.of(), LimitPolicy.INHERIT, EnumSet.allOf(LimitKind.class));
    }

    /**
     * Says whose share it is.
     *
     * @param key the user, tenant or address, not blank
     * @return a new request
     * @throws IllegalArgumentException if the key is blank
     */
    public LimitRequest key(String key) {
        return new LimitRequest(this.resource, key, this.amounts, this.policy, this.kinds);
    }

    /**
     * Says how much of one limit to take.
     *
     * @param limitName the name of the limit
     * @param amount how much, 0 or more
     * @return a new request
     * @throws IllegalArgumentException if the amount is negative
     */
    public LimitRequest amount(String limitName, long amount) {
        Map<String, Long> more = new HashMap<>(this.amounts);
        more.put(limitName, amount);
        return new LimitRequest(this.resource, this.key, more, this.policy, this.kinds);
    }

    /**
     * Says what happens if there is no permit.
     *
     * @param policy the policy
     * @return a new request
     */
    public LimitRequest policy(LimitPolicy policy) {
        return new LimitRequest(this.resource, this.key, this.amounts, policy, this.kinds);
    }

    /**
     * Restricts the request to limits of one kind.
     *
     * @param kind the kind of limits that apply
     * @return a new request
     */
    public LimitRequest only(LimitKind kind) {
        return new LimitRequest(this.resource, this.key, this.amounts, this.policy, Set.of(kind));
    }

    /** Returns a text without the key, which may be personal data. */
    @Override
    public String toString() {
        return "LimitRequest[resource=%s, keyed=%s, amounts=%s, policy=%s, kinds=%s]"
                .formatted(this.resource, this.key != null, this.amounts, this.policy, this.kinds);
    }
}
