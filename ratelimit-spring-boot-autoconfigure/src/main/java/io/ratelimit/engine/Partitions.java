package io.ratelimit.engine;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Partition;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Names partitions: which limits go with a resource, stamped with the backend's time of their registration, and how a key is stored.
 * Thread-safe.
 */
final class Partitions {

    private static final int LONGEST_PLAIN_KEY_BYTES = 128;

    private static final String HASHED = "sha256:";

    private final Duration defaultLease;

    private final LongSupplier nanoClock;

    private final long startNanos;

    private final Map<String, Stamped> shared = new ConcurrentHashMap<>();

    private final Map<String, Stamped> shares = new ConcurrentHashMap<>();

    private final AtomicLong lastShare = new AtomicLong();

    private volatile @Nullable Membership membership;

    /** The monotonic time at which the membership was learned. */
    private volatile long learnedNanos;

    /** When this instance first gave a sign of life, by the backend's clock; 0: not yet. What it was configured with holds since then. */
    private volatile long registeredMicros;

    private volatile long aheadMicros;

    /**
     * Makes one.
     *
     * @param defaultLease how long a sign of life counts for a resource without slots
     * @param nanoClock the monotonic time
     */
    Partitions(Duration defaultLease, LongSupplier nanoClock) {
        this.defaultLease = defaultLease;
        this.nanoClock = nanoClock;
        this.startNanos = nanoClock.getAsLong();
    }

    /**
     * Learns the backend's time and how many instances share it.
     *
     * @param newest what the backend says
     * @param own what this instance's own memory says
     */
    void learn(Membership newest, Membership own) {
        Membership before = this.membership;
        this.learnedNanos = this.nanoClock.getAsLong();
        this.membership = newest;
        if (before == null) {
            this.registeredMicros = newest.nowMicros();
            this.aheadMicros = newest.nowMicros() - own.nowMicros();
            this.shared.clear();
        }
        if (before == null || before.liveInstances() != newest.liveInstances()) {
            this.shares.clear();
        }
    }

    /** Returns how far the backend's clock was ahead of that of this instance's own memory when both were first known; else 0. */
    long aheadMicros() {
        return this.aheadMicros;
    }

    int liveInstances() {
        Membership seen = this.membership;
        return (seen != null) ? Math.max(1, seen.liveInstances()) : 1;
    }

    /** Returns the partition that all instances share, with the limits that hold for its key. */
    Partition shared(Terms terms, @Nullable String key) {
        ResourceDefinition definition = terms.definition();
        if (terms.areOfTheResource()) {
            return shared(definition, key);
        }
        // what lives here alone needs no time that others go by
        long stamp = terms.stampMicros(() -> definition.perInstance()
                ? 1 + TimeUnit.NANOSECONDS.toMicros(terms.sinceNanos() - this.startNanos)
                : stamp(terms.sinceNanos()));
        return stamped(definition, definition.limits(), stamp).partition(key);
    }

    /** Returns the partition of this instance alone, at its share of the limits that hold for its key. */
    Partition share(Terms terms, @Nullable String key) {
        ResourceDefinition definition = terms.definition();
        if (terms.areOfTheResource()) {
            return share(definition, key);
        }
        long stamp = this.lastShare.incrementAndGet();
        return stamped(definition, shareOf(definition.limits()), stamp).partition(key);
    }

    /** Returns the partition that all instances share. */
    Partition shared(ResourceDefinition definition, @Nullable String key) {
        Stamped known = this.shared.get(definition.name());
        if (known == null || !known.isOf(definition)) {
            known = stamped(definition, definition.limits(), this.registeredMicros);
            this.shared.put(definition.name(), known);
        }
        return known.partition(key);
    }

    /** Goes by another definition of a resource, which holds since that time by the backend's clock. */
    void restamp(ResourceDefinition definition, long atMicros) {
        this.shared.put(definition.name(), stamped(definition, definition.limits(), atMicros));
    }

    /** Returns the partition that all instances share, of a key that is stored like this. */
    Partition sharedStored(ResourceDefinition definition, @Nullable String storedKey) {
        return keyed(shared(definition, null), storedKey);
    }

    /** Returns the partition of this instance alone, at its share of the limits. */
    Partition share(ResourceDefinition definition, @Nullable String key) {
        Stamped known = this.shares.get(definition.name());
        if (known == null || !known.isOf(definition)) {
            known = stamped(definition, shareOf(definition.limits()), this.lastShare.incrementAndGet());
            this.shares.put(definition.name(), known);
        }
        return known.partition(key);
    }

    private List<Limit> shareOf(List<Limit> limits) {
        return List.copyOf(limits.stream().map(this::shareOf).toList());
    }

    private Limit shareOf(Limit limit) {
        long share = Math.max(1, limit.limit() / liveInstances());
        if (limit instanceof RateLimit rate) {
            // never one that takes longer to come back than the whole does
            long burst = Math.min(rate.burst() / liveInstances(), rate.burst() * share / rate.limit());
            return new RateLimit(
                    rate.name(),
                    share,
                    rate.window(),
                    rate.algorithm(),
                    rate.algorithm().isBucket() ? Math.max(1, burst) : share);
        }
        ConcurrencyLimit slots = (ConcurrencyLimit) limit;
        return new ConcurrencyLimit(slots.name(), share, slots.lease(), slots.maxHold());
    }

    /** Stamps a definition; the limits are an immutable list, so that all partitions share this very object. */
    private Stamped stamped(ResourceDefinition definition, List<Limit> limits, long stampMicros) {
        return new Stamped(definition, new Partition(definition.name(), null, limits, stampMicros, lease(definition)));
    }

    private static Partition keyed(Partition keyless, @Nullable String storedKey) {
        return new Partition(keyless.resource(), storedKey, keyless.limits(), keyless.stampMicros(), keyless.lease());
    }

    private Duration lease(ResourceDefinition definition) {
        return definition.limits().stream()
                .filter(ConcurrencyLimit.class::isInstance)
                .map((limit) -> ((ConcurrencyLimit) limit).lease())
                .min(Comparator.naturalOrder())
                .orElse(this.defaultLease);
    }

    /** Returns the backend's time of a moment; 0 as long as it is not known. */
    private long stamp(long nanos) {
        Membership seen = this.membership;
        return (seen == null) ? 0 : seen.nowMicros() + TimeUnit.NANOSECONDS.toMicros(nanos - this.learnedNanos);
    }

    /** Returns how a key is stored and shown. */
    static @Nullable String stored(ResourceDefinition definition, @Nullable String key) {
        if (key == null) {
            return null;
        }
        requireUnicode(definition, key);
        boolean plain = !definition.hashKeys()
                && key.length() <= LONGEST_PLAIN_KEY_BYTES
                && key.getBytes(StandardCharsets.UTF_8).length <= LONGEST_PLAIN_KEY_BYTES
                && !key.startsWith(HASHED);
        return plain ? key : HASHED + sha256(key);
    }

    /** Lone surrogates all encode to one and the same byte, so different keys would share a partition. */
    private static void requireUnicode(ResourceDefinition definition, String key) {
        for (int i = 0; i < key.length(); i++) {
            if (Character.isSurrogate(key.charAt(i))) {
                if (!StandardCharsets.UTF_8.newEncoder().canEncode(key)) {
                    throw new IllegalArgumentException(
                            "The key for the resource '%s' is not valid Unicode".formatted(definition.name()));
                }
                return;
            }
        }
    }

    private static String sha256(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /**
     * A definition and what goes with every operation on it.
     */
    private record Stamped(ResourceDefinition definition, Partition keyless) {

        /** A definition is made once and replaced when it changes; comparing its values would cost every acquisition. */
        @SuppressWarnings("ReferenceEquality")
        boolean isOf(ResourceDefinition other) {
            return this.definition == other;
        }

        Partition partition(@Nullable String key) {
            return (key != null) ? keyed(this.keyless, stored(this.definition, key)) : this.keyless;
        }
    }
}
