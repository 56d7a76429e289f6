package io.ratelimit;

import java.time.Duration;
import java.util.List;

/**
 * Is told what happens to limits on this instance. Every method does nothing by default. Calls come on the threads that do the
 * work, so they must be quick and must not block; what they throw is logged and dropped.
 *
 * <p>Keys are never passed.
 *
 * @since 0.1.0
 */
public interface LimitListener {

    /**
     * An acquisition ended.
     *
     * @param resource the name of the resource
     * @param outcome how it ended
     * @param took the time to the answer
     */
    default void onAnswer(String resource, AcquireOutcome outcome, Duration took) {}

    /**
     * A call that may wait begins to ask, on the thread of its caller.
     *
     * @param resource the name of the resource
     * @return told if it has to wait, on whichever thread; by default nobody
     */
    default WaitListener onMayWait(String resource) {
        return WaitListener.NONE;
    }

    /**
     * A permit was granted to this instance.
     *
     * @param resource the name of the resource
     * @param slots how many slots it holds; 0 for a permit of rates alone
     */
    default void onGranted(String resource, long slots) {}

    /**
     * A permit of this instance ended: closed, or lost.
     *
     * @param resource the name of the resource
     * @param slots how many slots it held
     * @param held for how long
     */
    default void onEnded(String resource, long slots, Duration held) {}

    /**
     * The cluster-wide state of a resource without a key is known anew: with every answer about it, and with every heartbeat.
     *
     * @param resource the name of the resource
     * @param limits how its limits stand
     * @param queued how many calls wait
     */
    default void onSampled(String resource, List<LimitStatus> limits, long queued) {}

    /**
     * A permit of this instance lost its slots while it was open.
     *
     * @param resource the name of the resource
     */
    default void onLeaseLost(String resource) {}

    /**
     * Slots whose lease ran out, of whichever instance, were taken back.
     *
     * @param resource the name of the resource
     * @param permits how many permits lost their slots
     */
    default void onLeasesReclaimed(String resource, long permits) {}

    /**
     * The backend could not be asked or did not answer in time.
     *
     * @param resource the name of the resource that was asked for
     * @param cause what went wrong
     */
    default void onBackendFailure(String resource, Throwable cause) {}

    /**
     * The backend that all instances share went away, or is back. Told once each way. While it is away, nothing is asked of it, and each
     * resource goes by its {@link BackendFailurePolicy}.
     *
     * @param available whether it is back
     */
    default void onBackendAvailable(boolean available) {}
}
