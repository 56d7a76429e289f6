package io.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ResourceDefinitionTests {

    private static ResourceDefaults defaults(@Nullable Duration maxWait, int maxQueue) {
        return new ResourceDefaults(
                ConcurrencyLimit.DEFAULT_LEASE, LimitPolicy.BLOCK, maxWait, maxQueue, BackendFailurePolicy.LOCAL);
    }

    @Nested
    class Waiting {

        @Test
        void isAsTheDefaultsSayAndSurvivesALimitMore() {
            ResourceDefinition definition = ResourceDefinition.of(
                            "pool", defaults(Duration.ofSeconds(5), 20), ConcurrencyLimit.of(1))
                    .with(RateLimit.of(1, Duration.ofSeconds(1)));

            assertThat(definition.policy()).isEqualTo(LimitPolicy.BLOCK);
            assertThat(definition.maxWait()).isEqualTo(Duration.ofSeconds(5));
            assertThat(definition.maxQueue()).isEqualTo(20);
        }

        @Test
        void hasNoMaxWaitAndAThousandPlacesByDefault() {
            ResourceDefinition definition = ResourceDefinition.of("pool", ConcurrencyLimit.of(1));

            assertThat(definition.maxWait()).isNull();
            assertThat(definition.maxQueue()).isEqualTo(1000);
        }

        @Test
        void needsNoMaxWaitToBlockBecauseARequestCanBringIt() {
            assertThat(defaults(null, 1).policy()).isEqualTo(LimitPolicy.BLOCK);
        }

        @Test
        void refusesAMaxWaitThatIsNoneOrHasNoEnd() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> defaults(Duration.ZERO, 1))
                    .withMessage("The max-wait of the defaults is PT0S; it must be from PT0.001S to PT8760H");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> definition(Duration.ofDays(366), 1))
                    .withMessage("The max-wait of the resource 'pool' is PT8784H; it must be from PT0.001S to PT8760H");
        }

        @Test
        void refusesAQueueWithoutAPlace() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> defaults(null, 0))
                    .withMessage("The max-queue of the defaults is 0; it must be from 1 to 1000000");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> definition(null, -1))
                    .withMessage("The max-queue of the resource 'pool' is -1; it must be from 1 to 1000000");
        }

        private ResourceDefinition definition(@Nullable Duration maxWait, int maxQueue) {
            ResourceDefinition plain = ResourceDefinition.of("pool", ConcurrencyLimit.of(1));
            return new ResourceDefinition(
                    plain.name(),
                    plain.limits(),
                    null,
                    LimitPolicy.BLOCK,
                    maxWait,
                    maxQueue,
                    plain.onBackendFailure(),
                    false,
                    false,
                    plain.attributes());
        }
    }
}
