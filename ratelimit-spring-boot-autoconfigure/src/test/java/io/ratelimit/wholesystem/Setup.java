package io.ratelimit.wholesystem;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitPolicy;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What the application that a worker stands for has configured: one resource without a key.
 *
 * @param lease how long slots and places in the queue are kept without a sign of life
 * @param slots the concurrency limit; 0: none
 * @param rate the rate limit; 0: none
 * @param window the window of the rate limit
 * @param maxQueue how many may wait
 * @param commandTimeout how long a call to Redis may take
 * @param onBackendFailure what happens to calls while Redis is away
 */
record Setup(
        Duration lease,
        int slots,
        int rate,
        Duration window,
        int maxQueue,
        Duration commandTimeout,
        BackendFailurePolicy onBackendFailure) {

    static final String RESOURCE = "pool";

    static final String PREFIX = "whole:";

    /** What the keys of the partition begin with. */
    static final String PARTITION = PREFIX + '{' + RESOURCE + '}';

    /** So long that no call fails while a busy machine lets it wait: a history is about something else. */
    private static final Duration PATIENT = Duration.ofSeconds(30);

    /** A worker that cannot ask fails instead of going on alone, so that no history is about something else. */
    private static final BackendFailurePolicy REJECT = BackendFailurePolicy.REJECT;

    static Setup ofSlots(int slots) {
        return new Setup(Duration.ofSeconds(10), slots, 0, Duration.ofSeconds(1), 1000, PATIENT, REJECT);
    }

    static Setup ofRate(int rate, Duration window) {
        return new Setup(Duration.ofSeconds(10), 0, rate, window, 1000, PATIENT, REJECT);
    }

    Setup withRate(int rate, Duration window) {
        return new Setup(
                this.lease, this.slots, rate, window, this.maxQueue, this.commandTimeout, this.onBackendFailure);
    }

    Setup withLease(Duration lease) {
        return new Setup(
                lease, this.slots, this.rate, this.window, this.maxQueue, this.commandTimeout, this.onBackendFailure);
    }

    Setup withMaxQueue(int maxQueue) {
        return new Setup(
                this.lease, this.slots, this.rate, this.window, maxQueue, this.commandTimeout, this.onBackendFailure);
    }

    Setup withCommandTimeout(Duration commandTimeout) {
        return new Setup(
                this.lease, this.slots, this.rate, this.window, this.maxQueue, commandTimeout, this.onBackendFailure);
    }

    /** Workers go on alone while Redis is away. */
    Setup onTheirOwn() {
        return new Setup(
                this.lease,
                this.slots,
                this.rate,
                this.window,
                this.maxQueue,
                this.commandTimeout,
                BackendFailurePolicy.LOCAL);
    }

    List<String> toArguments() {
        return List.of(
                this.lease.toString(),
                Integer.toString(this.slots),
                Integer.toString(this.rate),
                this.window.toString(),
                Integer.toString(this.maxQueue),
                this.commandTimeout.toString(),
                this.onBackendFailure.name());
    }

    static Setup parse(List<String> arguments) {
        return new Setup(
                Duration.parse(arguments.get(0)),
                Integer.parseInt(arguments.get(1)),
                Integer.parseInt(arguments.get(2)),
                Duration.parse(arguments.get(3)),
                Integer.parseInt(arguments.get(4)),
                Duration.parse(arguments.get(5)),
                BackendFailurePolicy.valueOf(arguments.get(6)));
    }

    ResourceRegistry toRegistry() {
        ResourceDefaults defaults =
                new ResourceDefaults(this.lease, LimitPolicy.REJECT, null, this.maxQueue, this.onBackendFailure);
        List<Limit> limits = new ArrayList<>();
        if (this.rate > 0) {
            limits.add(RateLimit.of(this.rate, this.window));
        }
        if (this.slots > 0) {
            limits.add(new ConcurrencyLimit("default", this.slots, this.lease, null));
        }
        return new ResourceRegistry(
                defaults, List.of(ResourceDefinition.of(RESOURCE, defaults, limits.toArray(Limit[]::new))));
    }
}
