package io.ratelimit;

import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to acquire. Immutable; every method returns a new request. A blank key, a negative amount, a request without a kind,
 * a max wait or priority out of its range, and a max wait under a policy that never waits are {@link IllegalArgumentException}s.
 *
 * <pre>{@code
 * LimitRequest.of("openai").key("u1").amount("tokens", 100).maxWait(Duration.ofSeconds(5))
 * }</pre>
 *
 * <p>A request waits if it has a max wait, or if its policy, or else that of the resource, is {@link LimitPolicy#BLOCK}. The one
 * exception is a resource whose policy is {@link LimitPolicy#OBSERVE}: as it refuses nobody, nobody waits for it.
 *
 * @param resource the name of the resource
 * @param key whose share it is; {@code null}: the one share for all
 * @param amounts how much of which limit; limits that none of them counts for take 1, and where several count for one limit, the one that
 *     says most exactly which
 * @param policy what happens if there is no permit; {@link LimitPolicy#INHERIT} (the default): as the resource says
 * @param kinds the kinds of limits that apply; both by default
 * @param maxWait how long to wait at most, up to 365 days; zero: do not wait; {@code null} (the default): as the policy and the
 *     max-wait of the resource say
 * @param priority the place among those that wait, from -100 to 100, higher first; 0 by default. One level is worth one second of
 *     waiting, so nobody starves: a call of priority 5 goes before one of priority 0 that came up to 5 seconds earlier, and behind
 *     one that has waited for longer than that
 * @since 0.1.0
 */
public record LimitRequest(
        String resource,
        @Nullable String key,
        Map<AmountOf, Long> amounts,
        LimitPolicy policy,
        Set<LimitKind> kinds,
        @Nullable Duration maxWait,
        int priority) {

    private static final Set<LimitKind> ALL_KINDS = Set.of(LimitKind.values());

    /**
     * Checks the values and copies the collections.
     *
     * @param resource the name of the resource
     * @param key whose share it is
     * @param amounts how much of which limit
     * @param policy what happens if there is no permit
     * @param kinds the kinds of limits that apply
     * @param maxWait how long to wait at most
     * @param priority the place among those that wait
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
                throw new IllegalArgumentException("The amount of %s for the resource '%s' is %d; it must be 0 or more"
                        .formatted(limit, resource, amount));
            }
        });
        kinds = Set.copyOf(kinds);
        WaitBounds.checkRequested(resource, maxWait, priority);
        boolean neverWaits = policy == LimitPolicy.REJECT || policy == LimitPolicy.OBSERVE;
        if (neverWaits && maxWait != null && !maxWait.isZero()) {
            throw new IllegalArgumentException(
                    "A request for the resource '%s' has the policy %s, which never waits, and the max wait %s; leave one of them out"
                            .formatted(resource, policy, maxWait));
        }
    }

    /**
     * Makes a request for one unit of every limit of a resource.
     *
     * @param resource the name of the resource
     * @return the request
     */
    public static LimitRequest of(String resource) {
        return new LimitRequest(resource, null, Map.of(), LimitPolicy.INHERIT, ALL_KINDS, null, 0);
    }

    /**
     * Says whose share it is.
     *
     * @param key the user, tenant or address, not blank
     * @return a new request
     * @throws IllegalArgumentException if the key is blank
     */
    public LimitRequest key(String key) {
        return new LimitRequest(this.resource, key, this.amounts, this.policy, this.kinds, this.maxWait, this.priority);
    }

    /**
     * Says how much of one limit to take.
     *
     * @param limitName the name of the limit; where a rate limit and a concurrency limit share it, of each
     * @param amount how much, 0 or more
     * @return a new request
     * @throws IllegalArgumentException if the amount is negative
     */
    public LimitRequest amount(String limitName, long amount) {
        return amount(new AmountOf(null, limitName), amount);
    }

    /**
     * Says how much to take of some limits: of all of a kind that are not named, or of one where a limit of the other kind has the same name.
     *
     * @param what the limits
     * @param amount how much of each, 0 or more
     * @return a new request
     * @throws IllegalArgumentException if the amount is negative
     */
    public LimitRequest amount(AmountOf what, long amount) {
        Map<AmountOf, Long> more = new HashMap<>(this.amounts);
        more.put(what, amount);
        return new LimitRequest(this.resource, this.key, more, this.policy, this.kinds, this.maxWait, this.priority);
    }

    /**
     * Returns how much this takes of a limit.
     *
     * @param limit the limit
     * @return the amount; 0 for a limit of a kind that this request is not about
     */
    public long amountOf(Limit limit) {
        if (!this.kinds.contains(limit.kind())) {
            return 0;
        }
        if (this.amounts.isEmpty()) {
            return 1; // as most do
        }
        long ofKind = this.amounts.getOrDefault(new AmountOf(limit.kind(), null), 1L);
        long ofName = this.amounts.getOrDefault(new AmountOf(null, limit.name()), ofKind);
        return this.amounts.getOrDefault(new AmountOf(limit.kind(), limit.name()), ofName);
    }

    /**
     * Says what happens if there is no permit.
     *
     * @param policy the policy
     * @return a new request
     * @throws IllegalArgumentException if it never waits and the request has a max wait above zero
     */
    public LimitRequest policy(LimitPolicy policy) {
        return new LimitRequest(this.resource, this.key, this.amounts, policy, this.kinds, this.maxWait, this.priority);
    }

    /**
     * Restricts the request to limits of one kind.
     *
     * @param kind the kind of limits that apply
     * @return a new request
     */
    public LimitRequest only(LimitKind kind) {
        return new LimitRequest(
                this.resource, this.key, this.amounts, this.policy, Set.of(kind), this.maxWait, this.priority);
    }

    /**
     * Says how long to wait at most if there is no permit now.
     *
     * @param maxWait the longest wait, up to 365 days; zero: do not wait
     * @return a new request
     * @throws IllegalArgumentException if it is negative or too long, or above zero under a policy that never waits
     */
    public LimitRequest maxWait(Duration maxWait) {
        return new LimitRequest(this.resource, this.key, this.amounts, this.policy, this.kinds, maxWait, this.priority);
    }

    /**
     * Says which place to take among those that wait. One level is worth one second of waiting, so nobody starves.
     *
     * @param priority from -100 to 100, higher first
     * @return a new request
     * @throws IllegalArgumentException if it is out of that range
     */
    public LimitRequest priority(int priority) {
        return new LimitRequest(this.resource, this.key, this.amounts, this.policy, this.kinds, this.maxWait, priority);
    }

    /** Returns a text without the key, which may be personal data. */
    @Override
    public String toString() {
        return "LimitRequest[resource=%s, keyed=%s, amounts=%s, policy=%s, kinds=%s, maxWait=%s, priority=%d]"
                .formatted(
                        this.resource,
                        this.key != null,
                        this.amounts,
                        this.policy,
                        this.kinds,
                        this.maxWait,
                        this.priority);
    }

    /**
     * What an amount counts for: all limits of a kind, those of a name, or one limit. {@code new AmountOf(LimitKind.RATE, "tokens")}
     * is the rate limit named {@code tokens}.
     *
     * @param kind the kind of limits; {@code null}: both
     * @param limitName the name of the limits; {@code null}: all that are not named
     */
    public record AmountOf(
            @Nullable LimitKind kind, @Nullable String limitName) {

        /**
         * Checks that it says anything.
         *
         * @param kind the kind of limits
         * @param limitName the name of the limits
         * @throws IllegalArgumentException if it names neither
         */
        public AmountOf {
            if (kind == null && limitName == null) {
                throw new IllegalArgumentException("An amount counts for a kind of limits or a name");
            }
        }

        /**
         * Returns whether a limit is one of these.
         *
         * @param limit the limit
         * @return whether its kind and name fit
         */
        public boolean isAbout(Limit limit) {
            return (this.kind == null || this.kind == limit.kind())
                    && (this.limitName == null || this.limitName.equals(limit.name()));
        }

        /** Returns a text for messages, such as {@code rate limit 'tokens'}. */
        @Override
        public String toString() {
            String limits = (this.kind != null) ? this.kind.name().toLowerCase(Locale.ROOT) + " limit" : "limit";
            return (this.limitName != null) ? "%s '%s'".formatted(limits, this.limitName) : "every " + limits;
        }
    }
}
