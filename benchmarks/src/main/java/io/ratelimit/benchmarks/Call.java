package io.ratelimit.benchmarks;

/** What the threads of a load do over and over. */
@FunctionalInterface
interface Call {

    /**
     * Asks once, and gives back what it got where that is part of the work.
     *
     * @return whether it was granted
     */
    boolean once() throws Exception;
}
