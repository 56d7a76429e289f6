package io.ratelimit.autoconfigure.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.metrics.WaitObservations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class RateLimitObservationAutoConfigurationTests {

    private final ObservationRegistry registry = ObservationRegistry.create();

    private final List<Observation.Context> started = new ArrayList<>();

    private final List<Observation.Context> stopped = new ArrayList<>();

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RateLimitAutoConfiguration.class, RateLimitObservationAutoConfiguration.class))
            .withPropertyValues(
                    "ratelimit.backend=memory",
                    "ratelimit.resources.pool.concurrency=1",
                    "ratelimit.resources.pool.key=user");

    private final ApplicationContextRunner observed = this.runner.withBean(ObservationRegistry.class, () -> {
        this.registry.observationConfig().observationHandler(new Recorder());
        return this.registry;
    });

    @Test
    void aCallThatWaitsIsASpanWithinThatOfItsCaller() {
        this.observed.run((context) -> {
            Limiter limiter = context.getBean(Limiter.class);
            LimitRequest request = LimitRequest.of("pool").key("anna").maxWait(Duration.ofMinutes(1));
            Permit held = limiter.acquire(request);
            Observation caller = Observation.start("caller", this.registry);
            CompletableFuture<Permit> waiting;
            try (Observation.Scope scope = caller.openScope()) {
                waiting = limiter.acquireAsync(request);
            }
            assertThat(this.started)
                    .extracting(Observation.Context::getName)
                    .containsExactly("caller", "ratelimit.wait");
            assertThat(this.stopped).isEmpty();
            held.close();
            waiting.join().close();
            assertThat(this.stopped).singleElement().satisfies((wait) -> {
                assertThat(wait.getContextualName()).isEqualTo("wait for pool");
                assertThat(wait.getLowCardinalityKeyValues())
                        .containsExactlyInAnyOrder(KeyValue.of("resource", "pool"), KeyValue.of("outcome", "acquired"));
                assertThat(wait.getHighCardinalityKeyValues()).isEmpty();
                assertThat(wait.getParentObservation()).isSameAs(caller);
            });
        });
    }

    @Test
    void aCallThatIsCancelledEndsItsSpan() {
        this.observed.run((context) -> {
            Limiter limiter = context.getBean(Limiter.class);
            LimitRequest request = LimitRequest.of("pool").key("anna").maxWait(Duration.ofMinutes(1));
            Permit held = limiter.acquire(request);
            limiter.acquireAsync(request).cancel(true);
            assertThat(held.isValid()).isTrue();
            assertThat(this.stopped)
                    .singleElement()
                    .satisfies((wait) -> assertThat(wait.getLowCardinalityKeyValue("outcome"))
                            .isEqualTo(KeyValue.of("outcome", "cancelled")));
        });
    }

    @Test
    void thereAreNoneWithoutARegistryOrItsClass() {
        this.runner.run((context) -> assertThat(context).doesNotHaveBean(WaitObservations.class));
        this.observed
                .withClassLoader(new FilteredClassLoader("io.micrometer.observation"))
                .run((context) -> assertThat(context).doesNotHaveBean("limitWaitObservations"));
    }

    @Test
    void thereAreNoneWhereLimitsAreDisabled() {
        this.observed
                .withPropertyValues("ratelimit.enabled=false")
                .run((context) -> assertThat(context).doesNotHaveBean(WaitObservations.class));
    }

    private final class Recorder implements ObservationHandler<Observation.Context> {

        @Override
        public void onStart(Observation.Context context) {
            RateLimitObservationAutoConfigurationTests.this.started.add(context);
        }

        @Override
        public void onStop(Observation.Context context) {
            RateLimitObservationAutoConfigurationTests.this.stopped.add(context);
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }
    }
}
