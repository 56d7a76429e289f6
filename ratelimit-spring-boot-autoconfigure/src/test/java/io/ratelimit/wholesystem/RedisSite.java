package io.ratelimit.wholesystem;

import java.util.List;

/**
 * A Redis that workers use, that is watched, and that faults happen to. Used by one thread.
 */
interface RedisSite extends AutoCloseable {

    /** Where a worker, counted from 0, finds it; see {@link Worker}. */
    String address(int worker);

    /** Asks the server that serves the partition. */
    RedisProbe probe();

    /** Watches the server that serves the partition. */
    Witness witness();

    /** Ends the server that serves the partition: SIGKILL. */
    void kill();

    /** Brings the server that was killed back. */
    void startAgain();

    /** Sends the server that serves the partition a signal. */
    void signal(String signal);

    /** Asks for another server to serve the partition. */
    void replace();

    /** Waits until another server serves the partition. */
    void awaitReplaced();

    /** Waits until the server that served the partition before knows that another does. */
    void awaitOneMaster();

    /** Returns whether the server that serves the partition is killed. */
    boolean isDown();

    /** Returns the link of a worker, if each has one of its own. */
    Proxy link(int worker);

    /** Returns whether nothing is held and nobody waits, on the server that serves the partition. */
    boolean isQuiet();

    /** Returns whether all that was done on the partition was seen. */
    boolean isSeen();

    /** Returns what each server has done while it was watched, those that serve the partition no more first. */
    List<List<Step>> steps();

    @Override
    void close();
}
