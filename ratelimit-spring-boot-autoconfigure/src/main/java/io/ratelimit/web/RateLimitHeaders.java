package io.ratelimit.web;

import io.ratelimit.LimitKind;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The header fields by which a response tells how its limits stand.
 *
 * <p>Fields carry whole seconds. Every duration is rounded up, and the numbers of a limit are those of its configuration, so a
 * client that keeps to them errs on the strict side: 5 per 100 ms reads as 5 per second, 10 per 1.5 s as 10 per 2 s. Of a bucket they
 * tell the burst and the time in which it comes back: 10,000 a minute with a burst of 2000 read as 2000 per 12 s, which is the same pace and
 * no more than the bucket gives at once.
 *
 * @since 0.1.0
 */
public enum RateLimitHeaders {

    /**
     * The fields {@code RateLimit-Policy} and {@code RateLimit} of the IETF draft "RateLimit header fields for HTTP", one item for
     * each limit that the request met. The default.
     *
     * <pre>{@code
     * RateLimit-Policy: "requests";q=500;w=60, "openai";q=20;qu="concurrent-requests"
     * RateLimit: "requests";r=42;t=17, "openai";r=3
     * }</pre>
     *
     * <p>That is: 500 in 60 seconds, of which 42 are left, with more to come in 17 seconds; and 20 at once, of which 3 are free.
     * {@code t} is left out while nothing of a limit is used. The key is never sent.
     */
    IETF {
        @Override
        Map<String, String> fields(List<Policy> policies) {
            Map<String, String> fields = new LinkedHashMap<>();
            fields.put("RateLimit-Policy", list(policies, RateLimitHeaders::policyItem));
            fields.put("RateLimit", list(policies, RateLimitHeaders::limitItem));
            return fields;
        }
    },

    /**
     * The fields {@code X-RateLimit-Limit}, {@code X-RateLimit-Remaining} and {@code X-RateLimit-Reset} for one limit: the rate limit
     * with the least left, of equal ones that which resets last. Reset is in seconds from now.
     *
     * <pre>{@code
     * X-RateLimit-Limit: 500
     * X-RateLimit-Remaining: 42
     * X-RateLimit-Reset: 17
     * }</pre>
     *
     * <p>A concurrency limit is shown only if the request met no rate limit, and without a reset.
     */
    LEGACY {
        @Override
        Map<String, String> fields(List<Policy> policies) {
            LimitStatus tightest = tightest(policies);
            Map<String, String> fields = new LinkedHashMap<>();
            fields.put("X-RateLimit-Limit", Long.toString(tightest.limit().capacity()));
            fields.put("X-RateLimit-Remaining", Long.toString(tightest.remaining()));
            if (tightest.limit().kind() == LimitKind.RATE) {
                fields.put("X-RateLimit-Reset", Long.toString(resetSeconds(tightest)));
            }
            return fields;
        }
    },

    /** No fields: limits are not disclosed. A refusal still says when to come again. */
    NONE {
        @Override
        Map<String, String> fields(List<Policy> policies) {
            return Map.of();
        }
    };

    private static final Comparator<LimitStatus> LEAST_LEFT_FIRST = Comparator.comparingLong(LimitStatus::remaining)
            .thenComparing(LimitStatus::reset, Comparator.reverseOrder());

    /**
     * Returns the fields for what was decided in a request.
     *
     * @param decisions what was decided so far
     * @return values by field name, in the order to send them; empty if there is nothing to tell
     */
    public Map<String, String> fields(Decisions decisions) {
        List<Policy> policies = decisions.policies();
        return policies.isEmpty() ? Map.of() : fields(policies);
    }

    abstract Map<String, String> fields(List<Policy> policies);

    private static String list(List<Policy> policies, Function<Policy, String> item) {
        return policies.stream().map(item).collect(Collectors.joining(", "));
    }

    private static String policyItem(Policy policy) {
        String quota = '"' + policy.name() + "\";q=" + policy.status().limit().capacity();
        if (policy.status().limit() instanceof RateLimit rate) {
            return quota + ";w=" + WholeSeconds.of(rate.fillTime());
        }
        return quota + ";qu=\"concurrent-requests\"";
    }

    private static String limitItem(Policy policy) {
        LimitStatus status = policy.status();
        String left = '"' + policy.name() + "\";r=" + status.remaining();
        return status.reset().equals(Duration.ZERO) ? left : left + ";t=" + resetSeconds(status);
    }

    /** A window counts both its ends, so it can reset a microsecond after its length; no client cares, and t above w looks wrong. */
    private static long resetSeconds(LimitStatus status) {
        long seconds = WholeSeconds.of(status.reset());
        return (status.limit() instanceof RateLimit rate)
                ? Math.min(seconds, WholeSeconds.of(rate.fillTime()))
                : seconds;
    }

    private static LimitStatus tightest(List<Policy> policies) {
        List<LimitStatus> all = policies.stream().map(Policy::status).toList();
        List<LimitStatus> rates = all.stream()
                .filter((status) -> status.limit().kind() == LimitKind.RATE)
                .toList();
        return (rates.isEmpty() ? all : rates).stream().min(LEAST_LEFT_FIRST).orElseThrow();
    }
}
