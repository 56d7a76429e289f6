package io.ratelimit.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.HotKey;
import io.ratelimit.Limit;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitStatus;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceOverride;
import io.ratelimit.actuate.LimitsDescription.PoolDescription;
import io.ratelimit.actuate.ResourceDescription.LimitDescription;
import io.ratelimit.actuate.UsageDescription.HolderDescription;
import io.ratelimit.actuate.UsageDescription.LimitUsage;
import io.ratelimit.actuate.UsageDescription.WaiterDescription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;

class LimitsEndpointTests {

    private static final RateLimit RATE =
            new RateLimit("requests", 100, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

    private static final ConcurrencyLimit SLOTS =
            new ConcurrencyLimit("default", 10, Duration.ofSeconds(10), Duration.ofMinutes(5));

    private static final ResourceDefinition POOL = ResourceDefinition.of("pool", RATE, SLOTS);

    private static final ResourceDefinition PER_USER = new ResourceDefinition(
            "per-user",
            List.of((Limit) SLOTS),
            "user",
            LimitPolicy.BLOCK,
            Duration.ofSeconds(5),
            20,
            ResourceDefaults.STANDARD.onBackendFailure(),
            true,
            false,
            Map.of("region", "eu"));

    private static final PartitionSnapshot SNAPSHOT = new PartitionSnapshot(
            "pool",
            List.of(
                    new LimitStatus(RATE, 30, Duration.ofSeconds(17)),
                    new LimitStatus(ConcurrencyLimit.of(8), 9, Duration.ZERO)),
            1,
            List.of(new PartitionSnapshot.Holder(
                    "p1", "app-1", Map.of("default", 9L), Duration.ofSeconds(3), Duration.ofSeconds(8))),
            2,
            List.of(
                    new PartitionSnapshot.Waiter(
                            "t1", "app-2", 5, Map.of("requests", 1L, "default", 2L), Duration.ofMillis(1500)),
                    new PartitionSnapshot.Waiter("t2", "app-1", 0, Map.of("default", 1L), Duration.ofSeconds(4))));

    private final List<String> asked = new ArrayList<>();

    private final Map<String, ResourceOverride> overrides = new HashMap<>();

    private final LimitsEndpoint endpoint =
            endpoint((resource, key) -> CompletableFuture.completedFuture(SNAPSHOT), Duration.ofMinutes(1));

    private LimitsEndpoint endpoint(
            BiFunction<String, @Nullable String, CompletableFuture<PartitionSnapshot>> inspection, Duration patience) {
        LimitOperations operations = new LimitOperations() {

            @Override
            public String instance() {
                return "app-1";
            }

            @Override
            public int liveInstances() {
                return 2;
            }

            @Override
            public List<ResourceDefinition> resources() {
                return List.of(PER_USER, POOL);
            }

            @Override
            public List<PoolDefinition> pools() {
                return List.of(
                        new PoolDefinition("both", List.of("pool", "per-user"), PoolStrategy.FIRST_AVAILABLE, Map.of()),
                        new PoolDefinition(
                                "heavy", List.of("pool", "per-user"), PoolStrategy.WEIGHTED, Map.of("pool", 3)));
            }

            @Override
            public CompletableFuture<PartitionSnapshot> inspect(String resource, @Nullable String key) {
                asked.add(resource + "/" + key);
                return inspection.apply(resource, key);
            }

            @Override
            public boolean backendAvailable() {
                return true;
            }

            @Override
            public List<HotKey> hotKeys(String resource, int most) {
                return resource.equals("per-user") ? List.of(new HotKey("u1", 3, 1)) : List.of();
            }

            @Override
            public CompletableFuture<Void> forceRelease(String resource, @Nullable String key, String permit) {
                asked.add("release " + permit + " of " + resource + "/" + key);
                return CompletableFuture.completedFuture(null);
            }

            @Override
            public CompletableFuture<Void> clear(String resource, @Nullable String key) {
                asked.add("clear " + resource + "/" + key);
                return CompletableFuture.completedFuture(null);
            }

            @Override
            public ResourceOverride overrideOf(String resource) {
                return overrides.getOrDefault(resource, ResourceOverride.NONE);
            }

            @Override
            public CompletableFuture<ResourceDefinition> override(String resource, ResourceOverride changes) {
                overrides.merge(resource, changes, ResourceOverride::and);
                return CompletableFuture.completedFuture(POOL);
            }

            @Override
            public CompletableFuture<ResourceDefinition> resetOverride(String resource) {
                overrides.remove(resource);
                return CompletableFuture.completedFuture(POOL);
            }
        };
        return new LimitsEndpoint(operations, patience);
    }

    @Nested
    class Changing {

        private ResourceOverride limits(ResourceOverride.LimitOverride... limits) {
            return new ResourceOverride(List.of(limits), null, null, null);
        }

        @Test
        void takesTheLimitThatHasTheNameOrTheKind() {
            endpoint.change("pool", 50L, null, "requests", null, null, null, null);
            endpoint.change("pool", 4L, null, null, "concurrency", null, null, null);

            assertThat(overrides.get("pool"))
                    .isEqualTo(limits(
                            new ResourceOverride.LimitOverride(LimitKind.RATE, "requests", 50L, null),
                            new ResourceOverride.LimitOverride(LimitKind.CONCURRENCY, "default", 4L, null)));
        }

        @Test
        void takesTheRateLimitForAWindow() {
            endpoint.change("pool", null, "30s", null, null, null, null, null);

            assertThat(overrides.get("pool"))
                    .isEqualTo(limits(new ResourceOverride.LimitOverride(
                            LimitKind.RATE, "requests", null, Duration.ofSeconds(30))));
        }

        @Test
        void understandsPolicyWaitAndSwitch() {
            ResourceDescription changed = endpoint.change("pool", null, null, null, null, "observe", "1m", false);

            assertThat(overrides.get("pool"))
                    .isEqualTo(new ResourceOverride(List.of(), LimitPolicy.OBSERVE, Duration.ofMinutes(1), false));
            assertThat(changed.enabled()).isFalse();
            assertThat(changed.override().policy()).isEqualTo("observe");
            assertThat(endpoint.reset("pool").override()).isNull();
        }

        @Test
        void saysWhatItDoesNotUnderstand() {
            assertThatThrownBy(() -> endpoint.change("pool", null, null, null, null, null, null, null))
                    .isInstanceOf(InvalidEndpointRequestException.class)
                    .hasMessageContaining("give at least one of limit, window, policy, maxWait, enabled");
            assertThatThrownBy(() -> endpoint.change("pool", 5L, null, "tokens", null, null, null, null))
                    .hasMessageContaining("No limit of the resource 'pool' is meant")
                    .hasMessageContaining("rate requests");
            assertThatThrownBy(() -> endpoint.change("pool", null, null, null, null, "deny", null, null))
                    .hasMessage("The policy 'deny' is none of reject, block, observe");
            assertThatThrownBy(() -> endpoint.change("pool", null, "soon", null, null, null, null, null))
                    .hasMessage("The window 'soon' is not a duration with its unit, such as 5s, 1m or PT1M");
            assertThatThrownBy(() -> endpoint.change("pool", null, null, null, null, null, "5", null))
                    .hasMessage("The maxWait '5' is not a duration with its unit, such as 5s, 1m or PT1M");
            assertThatThrownBy(
                            () -> endpoint.change("pool", null, "9223372036854775807d", null, null, null, null, null))
                    .hasMessageContaining("is not a duration");
            assertThatThrownBy(() -> endpoint.change("pool", 5L, "1m", null, "concurrency", null, null, null))
                    .hasMessageContaining("has no window");
            assertThat(overrides).isEmpty();
        }

        @Test
        void takesSlotsAwayAndForgives() {
            endpoint.take("pool", "3n5c:1f", null);
            endpoint.take("per-user", "usage", "u1");
            assertThat(asked)
                    .containsExactly("release 3n5c:1f of pool/null", "pool/null", "clear per-user/u1", "per-user/u1");
            assertThatThrownBy(() -> endpoint.take("pool", "p1", null))
                    .isInstanceOf(InvalidEndpointRequestException.class)
                    .hasMessageContaining("Neither 'usage' nor the id of a permit");
            assertThatThrownBy(() -> endpoint.take("per-user", "usage", null))
                    .hasMessage("The resource 'per-user' has a key: say which");
        }

        @Test
        void ofAnUnknownResourceIsRefused() {
            assertThatThrownBy(() -> endpoint.change("nope", 5L, null, null, null, null, null, null))
                    .isInstanceOf(InvalidEndpointRequestException.class)
                    .hasMessage("There is no resource of that name. Known resources: [per-user, pool]");
            assertThatThrownBy(() -> endpoint.reset("nope")).isInstanceOf(InvalidEndpointRequestException.class);
        }
    }

    @Nested
    class AllResources {

        @Test
        void tellsOfThisInstanceAndTheOthers() {
            LimitsDescription description = endpoint.limits();

            assertThat(description.instance()).isEqualTo("app-1");
            assertThat(description.liveInstances()).isEqualTo(2);
            assertThat(description.resources()).containsOnlyKeys("per-user", "pool");
        }

        @Test
        void showsPoolsWithTheirMembers() {
            assertThat(endpoint.limits().pools())
                    .containsEntry("both", new PoolDescription(List.of("pool", "per-user"), "first-available", null))
                    .containsEntry(
                            "heavy",
                            new PoolDescription(
                                    List.of("pool", "per-user"), "weighted", Map.of("pool", 3, "per-user", 1)));
        }

        @Test
        void showsLiveNumbersOfResourcesWithoutAKeyButNeitherHoldersNorQueue() {
            ResourceDescription pool = endpoint.limits().resources().get("pool");

            assertThat(pool.status()).isEqualTo("live");
            assertThat(pool.usage())
                    .isEqualTo(new UsageDescription(
                            List.of(
                                    new LimitUsage("requests", "rate", 100, 30, 70, "PT17S"),
                                    new LimitUsage("default", "concurrency", 8, 9, 0, null)),
                            1,
                            null,
                            2,
                            null));
        }

        @Test
        void asksNothingAboutResourcesWithAKey() {
            ResourceDescription perUser = endpoint.limits().resources().get("per-user");

            assertThat(perUser.status()).isEqualTo("per-key");
            assertThat(perUser.usage()).isNull();
            assertThat(asked).containsExactly("pool/null");
        }
    }

    @Nested
    class OneResource {

        @Test
        void showsItsDefinition() {
            ResourceDescription perUser = endpoint.resource("per-user", null);

            assertThat(perUser.limits())
                    .containsExactly(
                            new LimitDescription("default", "concurrency", 10, null, null, null, "PT10S", "PT5M"));
            assertThat(perUser.keyed()).isTrue();
            assertThat(perUser.policy()).isEqualTo("block");
            assertThat(perUser.maxWait()).isEqualTo("PT5S");
            assertThat(perUser.maxQueue()).isEqualTo(20);
            assertThat(perUser.onBackendFailure()).isEqualTo("local");
            assertThat(perUser.hashKeys()).isTrue();
            assertThat(perUser.perInstance()).isFalse();
            assertThat(perUser.attributes()).containsExactly(Map.entry("region", "eu"));
        }

        @Test
        void showsWindowAndAlgorithmOfARateLimit() {
            assertThat(endpoint.resource("pool", null).limits())
                    .first()
                    .isEqualTo(
                            new LimitDescription("requests", "rate", 100, "PT1M", "sliding-window", null, null, null));
        }

        @Test
        void showsWhoHoldsItsSlots() {
            assertThat(endpoint.resource("pool", null).usage().holders())
                    .containsExactly(new HolderDescription("p1", "app-1", Map.of("default", 9L), "PT3S", "PT8S"));
        }

        @Test
        void showsWhoWaitsForItInTheOrderOfTheirTurn() {
            UsageDescription usage = endpoint.resource("pool", null).usage();

            assertThat(usage.queueSize()).isEqualTo(2);
            assertThat(usage.queue())
                    .containsExactly(
                            new WaiterDescription(1, "t1", "app-2", 5, Map.of("requests", 1L, "default", 2L), "PT1.5S"),
                            new WaiterDescription(2, "t2", "app-1", 0, Map.of("default", 1L), "PT4S"));
        }

        @Test
        void hasNoMaxWaitUnlessOneIsConfigured() {
            ResourceDescription pool = endpoint.resource("pool", null);

            assertThat(pool.maxWait()).isNull();
            assertThat(pool.maxQueue()).isEqualTo(1000);
        }

        @Test
        void looksAtTheShareOfAKey() {
            assertThat(endpoint.resource("per-user", "u1").status()).isEqualTo("live");
            assertThat(asked).containsExactly("per-user/u1");
        }

        @Test
        void asksForAKeyWhereSharesAreByKey() {
            assertThat(endpoint.resource("per-user", null).status()).isEqualTo("per-key");
            assertThat(asked).isEmpty();
        }

        @Test
        void refusesABlankKey() {
            assertThatExceptionOfType(InvalidEndpointRequestException.class)
                    .isThrownBy(() -> endpoint.resource("per-user", " "));
        }

        @Test
        void isNothingIfThereIsNone() {
            assertThat(endpoint.resource("nope", null)).isNull();
        }
    }

    @Nested
    class BackendAway {

        @Test
        void showsDefinitionsAndWhyThereAreNoNumbers() {
            LimitsEndpoint away = endpoint(
                    (resource, key) ->
                            CompletableFuture.failedFuture(new BackendUnavailableException("Redis cannot be asked")),
                    Duration.ofMinutes(1));

            assertThat(away.limits().resources().get("pool")).satisfies((pool) -> {
                assertThat(pool.limits()).hasSize(2);
                assertThat(pool.status()).isEqualTo("unavailable");
                assertThat(pool.error()).isEqualTo("Redis cannot be asked");
                assertThat(pool.usage()).isNull();
            });
        }

        @Test
        void givesUpOnAnAnswerThatDoesNotCome() {
            LimitsEndpoint silent = endpoint((resource, key) -> new CompletableFuture<>(), Duration.ofMillis(1));

            assertThat(silent.resource("pool", null).error()).isEqualTo("The backend did not answer within PT0.001S");
        }

        @Test
        void keepsMessagesOfOtherFailuresToItself() {
            LimitsEndpoint broken = endpoint(
                    (resource, key) -> {
                        throw new IllegalStateException("password=secret");
                    },
                    Duration.ofMinutes(1));

            assertThat(broken.resource("pool", null).error())
                    .isEqualTo("The backend could not be asked: IllegalStateException");
        }

        @Test
        void doesNotEndAnInspectionThatOthersWaitFor() {
            CompletableFuture<PartitionSnapshot> shared = new CompletableFuture<>();

            endpoint((resource, key) -> shared, Duration.ofMillis(1)).resource("pool", null);

            assertThat(shared).isNotDone();
        }
    }
}
