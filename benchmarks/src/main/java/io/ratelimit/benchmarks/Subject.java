package io.ratelimit.benchmarks;

import static io.ratelimit.benchmarks.Workload.KEYS;
import static io.ratelimit.benchmarks.Workload.PAIR;
import static io.ratelimit.benchmarks.Workload.RATE;
import static io.ratelimit.benchmarks.Workload.REFUSED;

import java.util.Set;

/** Who does it. */
@SuppressWarnings("ImmutableEnumChecker") // constructors and Set.of are
enum Subject {
    OURS("ours", Ours::new, RATE, PAIR, KEYS, REFUSED),
    BARE("bare", Bare::new, RATE, PAIR, KEYS, REFUSED),
    REDISSON_RATE("redisson-rate", Redisson::rateLimiter, RATE, KEYS, REFUSED),
    REDISSON_PERMITS("redisson-permits", Redisson::permits, PAIR),
    REDISSON_SEMAPHORE("redisson-semaphore", Redisson::semaphore, PAIR),
    BUCKET4J("bucket4j", Bucket4j::plain, RATE, KEYS, REFUSED),
    BUCKET4J_BATCHING("bucket4j-batching", Bucket4j::batching, RATE, REFUSED),
    BUCKET4J_SKIP_ON_ZERO("bucket4j-skip-on-zero", Bucket4j::skipOnZero, REFUSED);

    private final String label;

    private final Factory factory;

    private final Set<Workload> workloads;

    Subject(String label, Factory factory, Workload... workloads) {
        this.label = label;
        this.factory = factory;
        this.workloads = Set.of(workloads);
    }

    /**
     * Connects it to a Redis on this machine.
     *
     * @param port the port of that Redis
     */
    Contestant open(int port) {
        return this.factory.open(port);
    }

    boolean canDo(Workload workload) {
        return this.workloads.contains(workload);
    }

    @Override
    public String toString() {
        return this.label;
    }

    private interface Factory {

        Contestant open(int port);
    }
}
