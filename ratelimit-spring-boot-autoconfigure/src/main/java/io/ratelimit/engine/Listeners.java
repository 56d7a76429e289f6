package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitListener;
import io.ratelimit.LimitStatus;
import java.time.Duration;
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

    private void tell(Consumer<LimitListener> event) {
        for (LimitListener listener : this.listeners) {
            try {
                event.accept(listener);
            } catch (RuntimeException ex) {
                if (this.failed.add(listener)) {
                    logger.warn(
                            "The listener %s failed; it is called on, and not complained of again"
                                    .formatted(listener.getClass().getName()),
                            ex);
                }
            }
        }
    }
}
