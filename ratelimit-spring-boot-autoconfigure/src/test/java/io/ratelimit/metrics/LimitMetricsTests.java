package io.ratelimit.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.ratelimit.AcquireOutcome;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LimitMetricsTests {

    private static final RateLimit REQUESTS =
            new RateLimit("requests", 100, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

    private static final ConcurrencyLimit SLOTS = ConcurrencyLimit.of(10);

    private static final Set<String> SERIES_OF_EVERY_RESOURCE = Set.of(
            "ratelimit.acquire[outcome=acquired,resource=pool]",
            "ratelimit.acquire[outcome=rejected,resource=pool]",
            "ratelimit.acquire[outcome=timeout,resource=pool]",
            "ratelimit.acquire[outcome=cancelled,resource=pool]",
            "ratelimit.acquire[outcome=observed,resource=pool]",
            "ratelimit.acquire[outcome=error,resource=pool]",
            "ratelimit.acquire[outcome=bypassed,resource=pool]",
            "ratelimit.hold[resource=pool]",
            "ratelimit.slots.held[resource=pool]",
            "ratelimit.leases.lost[resource=pool]",
            "ratelimit.leases.reclaimed[resource=pool]",
            "ratelimit.backend.failures[resource=pool]");

    private static final Set<String> SERIES_WITHOUT_KEY = Set.of(
            "ratelimit.slots.active[limit=default,resource=pool]",
            "ratelimit.slots.limit[limit=default,resource=pool]",
            "ratelimit.rate.available[limit=requests,resource=pool]",
            "ratelimit.queue.size[resource=pool]");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private ResourceRegistry resources;

    private LimitMetrics metrics;

    @BeforeEach
    void bindTheMetersOfOneResource() {
        start(ResourceDefinition.of("pool", REQUESTS, SLOTS));
    }

    private void start(ResourceDefinition... definitions) {
        this.registry.clear();
        this.resources = new ResourceRegistry(ResourceDefaults.STANDARD, List.of(definitions));
        this.metrics = new LimitMetrics(this.resources);
        this.metrics.bindTo(this.registry);
    }

    @Nested
    class BeforeAnythingHappens {

        @Test
        void everySeriesOfTheTableExistsAndNoOther() {
            assertThat(series()).isEqualTo(union(SERIES_OF_EVERY_RESOURCE, SERIES_WITHOUT_KEY));
        }

        @Test
        void countersAndTimersAreAtZero() {
            assertThat(registry.getMeters())
                    .filteredOn((meter) -> meter.getId().getType() != Meter.Type.GAUGE)
                    .hasSize(11)
                    .allSatisfy((meter) -> assertThat(meter.measure())
                            .extracting(Measurement::getValue)
                            .containsOnly(0.0));
        }

        @Test
        void gaugesShowNothingTakenAndTheConfiguredLimits() {
            assertThat(gauge("ratelimit.slots.held")).isZero();
            assertThat(gauge("ratelimit.slots.active")).isZero();
            assertThat(gauge("ratelimit.queue.size")).isZero();
            assertThat(gauge("ratelimit.slots.limit")).isEqualTo(10);
            assertThat(gauge("ratelimit.rate.available")).isEqualTo(100);
        }

        @Test
        void aResourceWithAKeyHasNoClusterWideGauges() {
            start(new ResourceDefinition(
                    "pool",
                    List.of(REQUESTS, SLOTS),
                    "user",
                    ResourceDefaults.STANDARD.policy(),
                    ResourceDefaults.STANDARD.maxWait(),
                    ResourceDefaults.STANDARD.maxQueue(),
                    ResourceDefaults.STANDARD.onBackendFailure(),
                    false,
                    false,
                    Map.of()));

            assertThat(series()).isEqualTo(SERIES_OF_EVERY_RESOURCE);
        }
    }

    @Nested
    class ResourcesDefinedLater {

        @Test
        void getTheirSeriesAtOnce() {
            resources.defineInline("reports", ConcurrencyLimit.of(3), "Reports.export");

            assertThat(registry.get("ratelimit.slots.limit")
                            .tag("resource", "reports")
                            .gauge()
                            .value())
                    .isEqualTo(3);
            assertThat(registry.get("ratelimit.acquire")
                            .tag("resource", "reports")
                            .timers())
                    .hasSize(AcquireOutcome.values().length);
        }

        @Test
        void addTheGaugesOfALimitToAResourceThatHasAnother() {
            start(ResourceDefinition.of("pool", REQUESTS));
            assertThat(registry.find("ratelimit.slots.limit").gauges()).isEmpty();

            resources.defineInline("pool", SLOTS, "Reports.export");
            resources.defineInline("pool", SLOTS, "Reports.export");

            assertThat(series()).isEqualTo(union(SERIES_OF_EVERY_RESOURCE, SERIES_WITHOUT_KEY));
            metrics.onSampled("pool", List.of(status(REQUESTS, 1), status(SLOTS, 7)), 0);
            assertThat(gauge("ratelimit.slots.active")).isEqualTo(7);
        }
    }

    @Nested
    class Events {

        @ParameterizedTest
        @EnumSource(AcquireOutcome.class)
        void anAnswerIsTimedUnderItsOutcome(AcquireOutcome outcome) {
            metrics.onAnswer("pool", outcome, Duration.ofMillis(20));

            Map<String, Long> counts = registry.get("ratelimit.acquire").timers().stream()
                    .collect(Collectors.toMap((timer) -> timer.getId().getTag("outcome"), (timer) -> timer.count()));
            assertThat(counts).containsEntry(outcome.name().toLowerCase(Locale.ROOT), 1L);
            assertThat(counts.values().stream().mapToLong(Long::longValue).sum())
                    .isEqualTo(1);
            assertThat(registry.get("ratelimit.acquire")
                            .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                            .timer()
                            .totalTime(TimeUnit.MILLISECONDS))
                    .isEqualTo(20);
        }

        @Test
        void slotsHeldFollowGrantsAndEnds() {
            metrics.onGranted("pool", 3);
            metrics.onGranted("pool", 1);
            metrics.onEnded("pool", 3, Duration.ofSeconds(2));

            assertThat(gauge("ratelimit.slots.held")).isEqualTo(1);
            assertThat(registry.get("ratelimit.hold").timer().count()).isEqualTo(1);
            assertThat(registry.get("ratelimit.hold").timer().totalTime(TimeUnit.SECONDS))
                    .isEqualTo(2);
        }

        @Test
        void aSampleMovesTheClusterWideGaugesToWhatTheBackendSays() {
            RateLimit lowered = new RateLimit("requests", 50, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

            metrics.onSampled("pool", List.of(status(lowered, 20), status(ConcurrencyLimit.of(5), 4)), 3);

            assertThat(gauge("ratelimit.rate.available")).isEqualTo(30);
            assertThat(gauge("ratelimit.slots.active")).isEqualTo(4);
            assertThat(gauge("ratelimit.slots.limit")).isEqualTo(5);
            assertThat(gauge("ratelimit.queue.size")).isEqualTo(3);
        }

        @Test
        void aQueueThatIsEmptyAgainReadsZero() {
            metrics.onSampled("pool", List.of(status(SLOTS, 10)), 3);
            metrics.onSampled("pool", List.of(status(SLOTS, 10)), 0);

            assertThat(gauge("ratelimit.queue.size")).isZero();
        }

        @Test
        void aLimitThatTheResourceDoesNotHaveIsNotSampled() {
            metrics.onSampled(
                    "pool", List.of(status(new ConcurrencyLimit("other", 5, Duration.ofSeconds(1), null), 4)), 0);

            assertThat(series()).isEqualTo(union(SERIES_OF_EVERY_RESOURCE, SERIES_WITHOUT_KEY));
            assertThat(gauge("ratelimit.slots.active")).isZero();
        }

        @Test
        void lostAndReclaimedLeasesAndFailuresAreCounted() {
            metrics.onLeaseLost("pool");
            metrics.onLeasesReclaimed("pool", 4);
            metrics.onBackendFailure("pool", new BackendUnavailableException("away"));
            metrics.onBackendFailure("pool", new BackendUnavailableException("away"));

            assertThat(registry.get("ratelimit.leases.lost").counter().count()).isEqualTo(1);
            assertThat(registry.get("ratelimit.leases.reclaimed").counter().count())
                    .isEqualTo(4);
            assertThat(registry.get("ratelimit.backend.failures").counter().count())
                    .isEqualTo(2);
        }
    }

    @Nested
    class SeveralRegistries {

        @Test
        void allSeeTheSame() {
            SimpleMeterRegistry second = new SimpleMeterRegistry();
            metrics.bindTo(second);

            metrics.onAnswer("pool", AcquireOutcome.ACQUIRED, Duration.ofMillis(1));
            metrics.onGranted("pool", 2);

            for (SimpleMeterRegistry each : List.of(registry, second)) {
                assertThat(each.get("ratelimit.acquire")
                                .tag("outcome", "acquired")
                                .timer()
                                .count())
                        .isEqualTo(1);
                assertThat(each.get("ratelimit.slots.held").gauge().value()).isEqualTo(2);
            }
        }
    }

    private static LimitStatus status(Limit limit, long used) {
        return new LimitStatus(limit, used, Duration.ZERO);
    }

    private double gauge(String name) {
        return this.registry.get(name).tag("resource", "pool").gauge().value();
    }

    private Set<String> series() {
        return this.registry.getMeters().stream()
                .map(Meter::getId)
                .map((id) -> id.getName()
                        + id.getTags().stream()
                                .map((Tag tag) -> tag.getKey() + "=" + tag.getValue())
                                .sorted()
                                .collect(Collectors.joining(",", "[", "]")))
                .collect(Collectors.toSet());
    }

    private static Set<String> union(Set<String> some, Set<String> others) {
        return Stream.concat(some.stream(), others.stream()).collect(Collectors.toSet());
    }
}
