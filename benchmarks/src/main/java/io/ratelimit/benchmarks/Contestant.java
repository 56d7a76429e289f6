package io.ratelimit.benchmarks;

/** Something that can do the work of some workloads. Connected and warm by the time it is asked to. */
interface Contestant extends AutoCloseable {

    /**
     * Returns the call for a workload, set up so that it can be made at once and by many threads.
     *
     * @throws IllegalArgumentException if it cannot do that work
     */
    Call call(Workload workload) throws Exception;

    @Override
    void close();
}
