package io.ratelimit.backend;

import io.ratelimit.backend.Reply.Refused;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where partitions live. A bean of this type replaces the configured backend.
 *
 * <p>A backend is one small state machine per partition; the contract suite in the tests of this project says how it behaves.
 * Time and arithmetic are the backend's: it reads its own clock once per call and never trusts a client's. Thread-safe.
 *
 * <p>Stages fail with {@link io.ratelimit.BackendUnavailableException} if the backend cannot be asked or does not answer in time, and
 * with {@link IllegalArgumentException} for an operation that can never succeed. No method blocks or throws.
 *
 * @since 0.1.0
 */
public interface LimitBackend {

    /**
     * Carries out one operation. Operations on one partition take effect in the order of their submission by one thread.
     *
     * @param partition the partition
     * @param operation what to do
     * @param <R> the type of the reply
     * @return the reply, completed on a thread of the backend
     */
    <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation);

    /**
     * Returns the refusal of an acquisition that does not wait, where it is known without asking: what a rate limit has refused a moment
     * ago it still refuses. Whoever gets one need not call {@link #execute}. It costs no more than a look into memory.
     *
     * @param partition the partition
     * @param amounts how much of each limit would be asked for, in the order of the limits
     * @return the refusal, or {@code null} if the backend has to be asked, as by default it always has
     */
    default @Nullable Refused knownRefusal(Partition partition, List<Long> amounts) {
        return null;
    }

    /**
     * Gives a sign of life of an instance.
     *
     * @param instance the name of the instance
     * @param lease how long the sign counts; zero: the instance leaves, and waits for nothing until it comes back
     * @return what the backend knows of its instances
     */
    CompletionStage<Membership> heartbeat(String instance, Duration lease);

    /**
     * Says whom to tell what happens to the tickets of an instance that wait. To be called once, before its first ticket waits.
     *
     * @param instance the name of the instance
     * @param listener whom to tell
     */
    void listen(String instance, GrantListener listener);

    /**
     * Reads, and maybe changes, what all instances are told at run time. It outlives the instances.
     *
     * @param changes values by name to write first, all at once; empty: the name is removed
     * @return what they are told now
     */
    CompletionStage<Settings> settings(Map<String, Optional<String>> changes);
}
