package io.ratelimit.benchmarks;

/** Who hands slots over. */
@SuppressWarnings("ImmutableEnumChecker") // constructors and methods are
enum SlotsSubject {
    OURS("ours", OurSlots::new),
    REDISSON_PERMITS("redisson-permits", RedissonSlots::permits),
    REDISSON_SEMAPHORE("redisson-semaphore", RedissonSlots::semaphore),
    POLLED_SET("polled-set", PolledSlots::new),

    /** The ceiling: it needs no Redis, and so all its waiters are in one JVM. */
    FAIR_SEMAPHORE("fair-semaphore", (port) -> new LocalSlots());

    private final String label;

    private final Factory factory;

    SlotsSubject(String label, Factory factory) {
        this.label = label;
        this.factory = factory;
    }

    /**
     * Connects it to a Redis on this machine.
     *
     * @param port the port of that Redis
     */
    Slots open(int port) throws Exception {
        return this.factory.open(port);
    }

    /** Whether all waiters must be in one JVM. */
    boolean oneJvm() {
        return this == FAIR_SEMAPHORE;
    }

    @Override
    public String toString() {
        return this.label;
    }

    private interface Factory {

        Slots open(int port) throws Exception;
    }
}
