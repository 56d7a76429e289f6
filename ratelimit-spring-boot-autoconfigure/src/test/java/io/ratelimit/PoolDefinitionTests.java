package io.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Pools, and how they fit into the resources. */
class PoolDefinitionTests {

    private static final ResourceDefinition EAST = ResourceDefinition.of("east", ConcurrencyLimit.of(1));

    private static final ResourceDefinition WEST = ResourceDefinition.of("west", ConcurrencyLimit.of(1));

    private static PoolDefinition pool(String name, String... members) {
        return new PoolDefinition(name, List.of(members), PoolStrategy.ROUND_ROBIN, Map.of());
    }

    private static PoolDefinition weighted(Map<String, Integer> weights) {
        return new PoolDefinition("pool", List.of("east", "west"), PoolStrategy.WEIGHTED, weights);
    }

    private static ResourceRegistry registry(PoolDefinition... pools) {
        return new ResourceRegistry(ResourceDefaults.STANDARD, List.of(EAST, WEST), List.of(pools));
    }

    @Nested
    class Definitions {

        @Test
        void haveMembersEachOnce() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pool("pool"))
                    .withMessage("The pool 'pool' has no members");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pool("pool", "east", "west", "east"))
                    .withMessage("The pool 'pool' has the member 'east' twice");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> pool("pool", "east", "pool"))
                    .withMessage("The pool 'pool' is a member of itself");
        }

        @Test
        void haveANameOfAllowedCharacters() {
            assertThatIllegalArgumentException().isThrownBy(() -> pool("a pool", "east"));
        }

        @Test
        void haveWeightsOfTheirMembersOnly() {
            assertThat(weighted(Map.of("east", 3)).weight("east")).isEqualTo(3);
            assertThat(weighted(Map.of("east", 3)).weight("west")).isEqualTo(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> weighted(Map.of("north", 1)))
                    .withMessage("The pool 'pool' has a weight for 'north', which is not a member of it");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> weighted(Map.of("east", 0)))
                    .withMessage("The weight of 'east' in the pool 'pool' is 0; it must be from 1 to 1000");
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> new PoolDefinition("pool", List.of("east"), PoolStrategy.RANDOM, Map.of("east", 2)))
                    .withMessage(
                            "The pool 'pool' has weights, which count under the strategy WEIGHTED only; its strategy is RANDOM");
        }
    }

    @Nested
    class InTheRegistry {

        @Test
        void standForTheirMembers() {
            ResourceRegistry registry = registry(pool("pool", "west", "east"));
            assertThat(registry.behind("pool")).containsExactly(WEST, EAST);
            assertThat(registry.behind("east")).containsExactly(EAST);
            assertThat(registry.behind("north")).isEmpty();
            assertThat(registry.find("pool")).isEmpty();
            assertThat(registry.findPool("pool")).isPresent();
        }

        @Test
        void areNamedWhereAResourceIsNotFound() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> registry(pool("pool", "east")).get("north"))
                    .withMessage("There is no resource named 'north'. Known resources: east, west; pools: pool");
        }

        @Test
        void needMembersThatAreThere() {
            isRefused(
                    "The pool 'pool' has the member 'north', but there is no resource of that name. Known resources: east, west.",
                    pool("pool", "north"));
            isRefused(
                    "The pool 'outer' has the member 'inner', which is a pool itself.",
                    pool("outer", "inner"),
                    pool("inner", "east"));
        }

        @Test
        void needANameOfTheirOwn() {
            isRefused("The pool 'east' has the name of another resource or pool.", pool("east", "west"));
            isRefused(
                    "The pool 'pool' has the name of another resource or pool.",
                    pool("pool", "west"),
                    pool("pool", "east"));
        }

        @Test
        void needMembersOfOnePolicy() {
            ResourceDefaults blocking = new ResourceDefaults(
                    Duration.ofSeconds(10), LimitPolicy.BLOCK, Duration.ofSeconds(1), 10, BackendFailurePolicy.LOCAL);
            ResourceDefinition north = ResourceDefinition.of("north", blocking, ConcurrencyLimit.of(1));
            assertThatExceptionOfType(LimitConfigurationException.class)
                    .isThrownBy(() -> new ResourceRegistry(
                            ResourceDefaults.STANDARD, List.of(EAST, north), List.of(pool("pool", "east", "north"))))
                    .satisfies(
                            (failure) -> assertThat(failure.description())
                                    .isEqualTo(
                                            "The members of the pool 'pool' have different policies: east has REJECT, north has BLOCK."));
        }

        @Test
        void takeNoInlineLimits() {
            assertThatExceptionOfType(LimitConfigurationException.class)
                    .isThrownBy(() -> registry(pool("pool", "east"))
                            .defineInline("pool", ConcurrencyLimit.of(1), "Orders.export"))
                    .satisfies(
                            (failure) -> assertThat(failure.description())
                                    .isEqualTo(
                                            "The inline limit at Orders.export is on 'pool', which is a pool: limits belong to its members."));
        }

        private void isRefused(String description, PoolDefinition... pools) {
            assertThatExceptionOfType(LimitConfigurationException.class)
                    .isThrownBy(() -> registry(pools))
                    .satisfies((failure) -> assertThat(failure.description()).isEqualTo(description));
        }
    }
}
