package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Permit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Who waits, and for how long: what the request says, else the resource.
 */
class WaitPolicyTests {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final LimitRequest request = LimitRequest.of("resource");

    private static ResourceDefinition definition(LimitPolicy policy, @Nullable Duration maxWait) {
        return new ResourceDefinition(
                "resource",
                List.of(ConcurrencyLimit.of(1)),
                null,
                policy,
                maxWait,
                7,
                BackendFailurePolicy.REJECT,
                false,
                false,
                Map.of());
    }

    private static Acquisition acquisition(LimitRequest request, LimitPolicy policy, @Nullable Duration maxWait) {
        return Acquisition.of(request, Terms.of(definition(policy, maxWait)), 0).with("a:1");
    }

    private static Duration waits(LimitRequest request, LimitPolicy policy, @Nullable Duration maxWait) {
        Acquisition acquisition = acquisition(request, policy, maxWait);
        assertThat(acquisition.waits()).isEqualTo(!acquisition.maxWait().isZero());
        return acquisition.maxWait();
    }

    @Nested
    class ARequestThatSaysNothing {

        @Test
        void waitsAsLongAsABlockingResourceSays() {
            assertThat(waits(request, LimitPolicy.BLOCK, MINUTE)).isEqualTo(MINUTE);
        }

        @Test
        void doesNotWaitForARejectingResourceWhateverItsMaxWait() {
            assertThat(waits(request, LimitPolicy.REJECT, MINUTE)).isZero();
        }

        @Test
        void doesNotWaitForAnObservingResource() {
            assertThat(waits(request, LimitPolicy.OBSERVE, MINUTE)).isZero();
            assertThat(acquisition(request, LimitPolicy.OBSERVE, MINUTE).policy())
                    .isEqualTo(LimitPolicy.OBSERVE);
        }
    }

    @Nested
    class ARequestWithAMaxWait {

        @Test
        void waitsThatLongWhereTheResourceBlocks() {
            assertThat(waits(request.maxWait(SECOND), LimitPolicy.BLOCK, MINUTE))
                    .isEqualTo(SECOND);
            assertThat(waits(request.maxWait(SECOND), LimitPolicy.BLOCK, null)).isEqualTo(SECOND);
        }

        @Test
        void waitsWhereTheResourceRejects() {
            assertThat(waits(request.maxWait(SECOND), LimitPolicy.REJECT, null)).isEqualTo(SECOND);
            assertThat(acquisition(request.maxWait(SECOND), LimitPolicy.REJECT, null)
                            .policy())
                    .isEqualTo(LimitPolicy.BLOCK);
        }

        @Test
        void stillOnlyObservesWhereTheResourceDoes() {
            assertThat(waits(request.maxWait(SECOND), LimitPolicy.OBSERVE, null))
                    .isZero();
            assertThat(acquisition(request.maxWait(SECOND), LimitPolicy.OBSERVE, null)
                            .policy())
                    .isEqualTo(LimitPolicy.OBSERVE);
        }

        @Test
        void ofZeroDoesNotWait() {
            assertThat(waits(request.maxWait(Duration.ZERO), LimitPolicy.BLOCK, MINUTE))
                    .isZero();
            assertThat(waits(request.maxWait(Duration.ZERO), LimitPolicy.BLOCK, null))
                    .isZero();
        }
    }

    @Nested
    class ARequestWithAPolicy {

        @Test
        void ofItsOwnRejectsOrObservesWhereTheResourceBlocks() {
            assertThat(waits(request.policy(LimitPolicy.REJECT), LimitPolicy.BLOCK, MINUTE))
                    .isZero();
            assertThat(waits(request.policy(LimitPolicy.OBSERVE), LimitPolicy.BLOCK, MINUTE))
                    .isZero();
        }

        @Test
        void thatBlocksWaitsAsLongAsAnyResourceSays() {
            LimitRequest blocking = request.policy(LimitPolicy.BLOCK);
            assertThat(waits(blocking, LimitPolicy.REJECT, MINUTE)).isEqualTo(MINUTE);
            assertThat(waits(blocking, LimitPolicy.OBSERVE, MINUTE)).isEqualTo(MINUTE);
            assertThat(waits(blocking.maxWait(SECOND), LimitPolicy.OBSERVE, MINUTE))
                    .isEqualTo(SECOND);
        }

        @Test
        void thatBlocksForNobodyKnowsHowLongIsAnError() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> acquisition(request.policy(LimitPolicy.BLOCK), LimitPolicy.REJECT, null))
                    .withMessage(
                            "A request for the resource 'resource' waits under the policy BLOCK, but nothing says how long: call maxWait(..) or set 'ratelimit.resources.resource.max-wait'");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> acquisition(request, LimitPolicy.BLOCK, null))
                    .withMessageContaining("nothing says how long");
        }
    }

    @Nested
    class TheLimiter {

        private final LimiterEngine engine = new LimiterEngine(
                new ResourceRegistry(ResourceDefaults.STANDARD, List.of(definition(LimitPolicy.BLOCK, null))),
                new MemoryBackend(),
                new MemoryBackend(),
                List.of());

        @Test
        void saysThatNothingSaysHowLongBeforeItTakesAnything() {
            assertThatIllegalArgumentException().isThrownBy(() -> this.engine.acquire("resource"));
            CompletableFuture<Permit> asked = this.engine.acquireAsync(request);
            assertThat(asked).isCompletedExceptionally();
            assertThat(asked.handle((permit, failure) -> failure).join()).isInstanceOf(IllegalArgumentException.class);
            assertThat(this.engine.operations().inspect("resource", null).join().holders())
                    .isEmpty();
            this.engine.close();
        }

        @Test
        void triesWithoutAMaxWait() {
            assertThat(this.engine.tryAcquire(request)).isPresent();
            assertThat(this.engine.tryAcquire(request)).isEmpty();
            this.engine.close();
        }
    }
}
