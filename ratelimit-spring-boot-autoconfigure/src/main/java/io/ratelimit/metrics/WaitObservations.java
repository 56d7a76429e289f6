package io.ratelimit.metrics;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitListener;
import io.ratelimit.WaitListener;
import java.util.Locale;

/**
 * Observes calls that wait in line, as {@code ratelimit.wait} with the tags {@code resource} and {@code outcome}: a span of the trace in
 * which the call stands, from when it had to wait until it was answered. Calls that are answered at once are not observed. Never a key.
 * Thread-safe.
 *
 * @since 0.1.0
 */
public final class WaitObservations implements LimitListener {

    private static final String NAME = "ratelimit.wait";

    private final ObservationRegistry registry;

    /**
     * Makes the observations.
     *
     * @param registry where they are made
     */
    public WaitObservations(ObservationRegistry registry) {
        this.registry = registry;
    }

    @Override
    public WaitListener onMayWait(String resource) {
        if (this.registry.isNoop()) {
            return WaitListener.NONE;
        }
        Observation observation = Observation.createNotStarted(NAME, this.registry)
                .contextualName("wait for " + resource)
                .lowCardinalityKeyValue("resource", resource)
                .parentObservation(this.registry.getCurrentObservation());
        return new WaitListener() {

            @Override
            public void began() {
                observation.start();
            }

            @Override
            public void ended(AcquireOutcome outcome) {
                observation
                        .lowCardinalityKeyValue("outcome", outcome.name().toLowerCase(Locale.ROOT))
                        .stop();
            }
        };
    }
}
