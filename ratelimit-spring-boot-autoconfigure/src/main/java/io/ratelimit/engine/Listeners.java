package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitStatus;
import io.ratelimit.WaitListener;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Tells all listeners. One that fails fails nothing else.
 */
final class Listeners implements LimitListener {

    private static final Log logger = LogFactory.getLog(Listeners.class);

    private final List<LimitListener> listeners;

    private final Set<LimitListener> failed = ConcurrentHashMap.newKeySet();

    Listeners(List<LimitListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    @Override
    public void onAnswer(String resource, AcquireOutcome outcome, Duration took) {
        tell((listener) -> listener.onAnswer(resource, outcome, took));
    }

    @Override
    public WaitListener onMayWait(String resource) {
        List<WaitListener> waits = new ArrayList<>(0);
        tell((listener) -> {
            WaitListener wait = listener.onMayWait(resource);
            if (wait != WaitListener.NONE) {
                waits.add(new Guarded(listener, wait));
            }
        });
        return waits.isEmpty() ? WaitListener.NONE : new All(waits);
    }

    @Override
    public void onGranted(String resource, long slots) {
        tell((listener) -> listener.onGranted(resource, slots));
    }

    @Override
    public void onEnded(String resource, long slots, Duration held) {
        tell((listener) -> listener.onEnded(resource, slots, held));
    }

    @Override
    public void onSampled(String resource, List<LimitStatus> limits, long queued) {
        tell((listener) -> listener.onSampled(resource, limits, queued));
    }

    @Override
    public void onLeaseLost(String resource) {
        tell((listener) -> listener.onLeaseLost(resource));
    }

    @Override
    public void onLeasesReclaimed(String resource, long permits) {
        tell((listener) -> listener.onLeasesReclaimed(resource, permits));
    }

    @Override
    public void onBackendFailure(String resource, Throwable cause) {
        tell((listener) -> listener.onBackendFailure(resource, cause));
    }

    /** Passes on what concerns all callers: how partitions without a key stand. */
    void onSampled(Partition partition, Reply.Status status) {
        if (partition.key() == null) {
            onSampled(partition.resource(), status.limits(), status.queued());
        }
    }

    @Override
    public void onBackendAvailable(boolean available) {
        tell((listener) -> listener.onBackendAvailable(available));
    }

    private void tell(Consumer<LimitListener> event) {
        this.listeners.forEach((listener) -> tell(listener, () -> event.accept(listener)));
    }

    private void tell(LimitListener listener, Runnable event) {
        try {
            event.run();
        } catch (RuntimeException | Error ex) {
            if (this.failed.add(listener)) {
                logger.warn(
                        "The listener %s failed; it is called on, and not complained of again"
                                .formatted(listener.getClass().getName()),
                        ex);
            }
        }
    }

    private record All(List<WaitListener> waits) implements WaitListener {

        @Override
        public void began() {
            this.waits.forEach(WaitListener::began);
        }

        @Override
        public void ended(AcquireOutcome outcome) {
            this.waits.forEach((wait) -> wait.ended(outcome));
        }
    }

    private final class Guarded implements WaitListener {

        private final LimitListener listener;

        private final WaitListener wait;

        Guarded(LimitListener listener, WaitListener wait) {
            this.listener = listener;
            this.wait = wait;
        }

        @Override
        public void began() {
            tell(this.listener, this.wait::began);
        }

        @Override
        public void ended(AcquireOutcome outcome) {
            tell(this.listener, () -> this.wait.ended(outcome));
        }
    }
}
