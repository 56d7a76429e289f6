package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.RateLimitExceededException;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Partition;
import io.ratelimit.engine.SteeredBackend.Wire;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PermitUpdateTests {

    private static final RateLimit REQUESTS =
            new RateLimit("requests", 50, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

    private static final RateLimit TOKENS =
            new RateLimit("tokens", 100, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW);

    private final MovableTime time = new MovableTime();

    private final SteeredBackend backend = new SteeredBackend(this.time);

    private final MemoryBackend memory = new MemoryBackend();

    private final LimiterEngine engine = new LimiterEngine(
            new ResourceRegistry(
                    ResourceDefaults.STANDARD,
                    List.of(
                            definition("llm", LimitPolicy.BLOCK, BackendFailurePolicy.REJECT),
                            definition("local", LimitPolicy.REJECT, BackendFailurePolicy.LOCAL),
                            definition("lenient", LimitPolicy.REJECT, BackendFailurePolicy.ALLOW),
                            definition("watched", LimitPolicy.OBSERVE, BackendFailurePolicy.REJECT))),
            this.backend,
            this.memory,
            List.of(),
            this.time);

    private static ResourceDefinition definition(String name, LimitPolicy policy, BackendFailurePolicy onFailure) {
        List<Limit> limits = List.of(REQUESTS, TOKENS, ConcurrencyLimit.of(10));
        Duration maxWait = (policy == LimitPolicy.BLOCK) ? Duration.ofMinutes(1) : null;
        return new ResourceDefinition(name, limits, null, policy, maxWait, 1_000, onFailure, false, false, Map.of());
    }

    @AfterEach
    void close() {
        this.engine.close();
    }

    private Permit acquire(String resource, long tokens) {
        return this.engine.acquire(
                LimitRequest.of(resource).amount("tokens", tokens).maxWait(Duration.ZERO));
    }

    private long used(String limit) {
        return this.engine.operations().inspect("llm", null).join().limits().stream()
                .filter((status) -> status.limit().name().equals(limit))
                .mapToLong(LimitStatus::used)
                .sum();
    }

    private List<Long> differences() {
        return this.backend.arrived().stream()
                .filter(Update.class::isInstance)
                .map((operation) -> ((Update) operation).difference())
                .toList();
    }

    @Nested
    class Updating {

        @Test
        void refundsWhatWasNotUsed() {
            try (Permit permit = acquire("llm", 80)) {
                assertThatThrownBy(() -> acquire("llm", 21)).isInstanceOf(RateLimitExceededException.class);
                permit.update("tokens", 30);
                assertThat(used("tokens")).isEqualTo(30);
                acquire("llm", 70).close();
            }
            assertThat(used("requests")).isEqualTo(2);
        }

        @Test
        void chargesWhatWasUsedMoreAsDebt() {
            try (Permit permit = acquire("llm", 80)) {
                permit.update("tokens", 230);
            }
            assertThat(used("tokens")).isEqualTo(230);
            assertThatThrownBy(() -> acquire("llm", 1))
                    .isInstanceOfSatisfying(
                            RateLimitExceededException.class,
                            (refusal) -> assertThat(refusal.retryAfter())
                                    .isBetween(
                                            Duration.ofMinutes(2),
                                            Duration.ofMinutes(2).plusSeconds(61)));
        }

        @Test
        void goesByTheLastWord() {
            try (Permit permit = acquire("llm", 40)) {
                for (long actual : new long[] {10, 70, 70, 0, 25, 60, 55}) {
                    time.advance(Duration.ofMillis(10));
                    permit.update("tokens", actual);
                    assertThat(used("tokens")).isEqualTo(actual);
                }
            }
        }

        @Test
        void ofALimitThatWasNotAskedChargesItToo() {
            try (Permit permit = engine.acquire(LimitRequest.of("llm").amount("tokens", 0))) {
                permit.update("tokens", 12);
                assertThat(used("tokens")).isEqualTo(12);
                permit.update("tokens", 0);
                assertThat(used("tokens")).isZero();
            }
        }

        @Test
        void letsWhoWaitsGoOnAtOnce() {
            try (Permit permit = acquire("llm", 100)) {
                CompletableFuture<Permit> waiting = engine.acquireAsync(
                        LimitRequest.of("llm").amount("tokens", 60).maxWait(Duration.ofMinutes(2)));
                assertThat(waiting).isNotDone();
                permit.update("tokens", 40);
                assertThat(waiting).isCompleted();
                assertThat(used("tokens")).isEqualTo(100);
            }
        }

        @Test
        void isSentInOrderEachBehindTheAnswerToTheLast() {
            try (Permit permit = acquire("llm", 40)) {
                time.advance(Duration.ofMillis(10));
                backend.holdBackReplies(Update.class);
                permit.update("tokens", 90);
                permit.update("tokens", 20);
                assertThat(differences()).containsExactly(50L);
                backend.letGo();
                assertThat(differences()).containsExactly(50L, -50L, -20L);
                assertThat(used("tokens")).isEqualTo(20);
            }
        }

        @Test
        void isNotRepeatedThoughItsAnswerIsLost() {
            try (Permit permit = acquire("llm", 40)) {
                backend.wire(Wire.DROPS_REPLIES);
                permit.update("tokens", 10);
                backend.wire(Wire.WHOLE);
                engine.beat();
                assertThat(differences()).containsExactly(-30L);
                permit.update("tokens", 15);
                assertThat(used("tokens")).isEqualTo(15);
            }
        }

        @Test
        void countsForTheShareOfAnInstanceWhileTheBackendIsAway() {
            backend.wire(Wire.CUT);
            try (Permit permit = acquire("local", 100)) {
                assertThatThrownBy(() -> acquire("local", 60)).isInstanceOf(RateLimitExceededException.class);
                permit.update("tokens", 40);
                acquire("local", 60).close();
            }
            assertThat(differences()).isEmpty();
        }
    }

    @Nested
    class Ending {

        @Test
        void inAnExceptionBeforeTheUpdateKeepsTheEstimateAndFreesTheSlot() {
            assertThatIllegalStateException().isThrownBy(() -> {
                try (Permit permit = acquire("llm", 80)) {
                    assertThat(used("default")).isEqualTo(1);
                    throw new IllegalStateException("before " + permit.resource() + " was updated");
                }
            });
            assertThat(used("default")).isZero();
            assertThat(used("tokens")).isEqualTo(80);
        }

        @Test
        void twiceFreesTheSlotOnceAndRefundsNothing() {
            Permit other = acquire("llm", 10);
            Permit permit = acquire("llm", 80);
            permit.update("tokens", 60);
            permit.close();
            permit.close();
            assertThat(used("default")).isEqualTo(1);
            assertThat(used("tokens")).isEqualTo(70);
            other.close();
        }

        @Test
        void refusesLaterUpdates() {
            Permit permit = acquire("llm", 80);
            permit.close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> permit.update("tokens", 10))
                    .withMessage("The permit of the resource 'llm' is closed; say what was used before that");
            assertThat(used("tokens")).isEqualTo(80);
        }

        @Test
        void whileAnUpdateIsUnderWayLosesNeither() {
            Permit permit = acquire("llm", 80);
            backend.holdBack(Update.class);
            permit.update("tokens", 10);
            permit.close();
            backend.letGo();
            assertThat(used("default")).isZero();
            assertThat(used("tokens")).isEqualTo(10);
        }

        @Test
        void byALostLeaseLeavesTheUpdateToBeMade() {
            Permit permit = acquire("llm", 80);
            time.advance(Duration.ofSeconds(11));
            assertThat(used("default")).isZero();
            engine.beat();
            assertThat(permit.isValid()).isFalse();
            permit.update("tokens", 95);
            assertThat(used("tokens")).isEqualTo(95);
            permit.update("tokens", 5);
            assertThat(used("tokens")).isEqualTo(5);
            assertThat(used("default")).isZero();
            permit.close();
            assertThatIllegalStateException().isThrownBy(() -> permit.update("tokens", 1));
        }

        @Test
        void asIfItHadNeverBeenRefundsAllCharges() {
            GrantedPermit permit = (GrantedPermit) acquire("llm", 40);
            time.advance(Duration.ofMillis(10));
            permit.update("tokens", 90);
            permit.update("requests", 0);
            List<Long> leftOfGrant = new ArrayList<>();
            permit.charges().undo(leftOfGrant::addAll);
            assertThat(leftOfGrant).containsExactly(0L, 40L, 1L);
            assertThat(used("tokens")).isEqualTo(40);
        }
    }

    @Nested
    class Mistakes {

        @Test
        void areUnknownLimits() {
            try (Permit permit = acquire("llm", 80)) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> permit.update("token", 10))
                        .withMessage(
                                "The resource 'llm' has no rate limit named 'token'. Its rate limits: [requests, tokens]");
            }
        }

        @Test
        void areConcurrencyLimits() {
            try (Permit permit = acquire("llm", 80)) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> permit.update("default", 0))
                        .withMessage(
                                "The limit 'default' of the resource 'llm' is a concurrency limit; its slots are freed"
                                        + " when the permit is closed");
            }
        }

        @Test
        void areAmountsOutOfRange() {
            try (Permit permit = acquire("llm", 80)) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> permit.update("tokens", -1))
                        .withMessage("The amount used of the limit 'tokens' is -1; it must be from 0 to 100000000");
                assertThatIllegalArgumentException().isThrownBy(() -> permit.update("tokens", 100_000_001));
            }
        }

        @Test
        void areToldByAPermitThatWasOnlyObservedToo() {
            acquire("watched", 100);
            try (Permit permit = acquireObserved()) {
                permit.update("tokens", 1_000);
                assertThatIllegalArgumentException().isThrownBy(() -> permit.update("other", 1));
                permit.close();
                assertThatIllegalStateException().isThrownBy(() -> permit.update("tokens", 1));
            }
            assertThat(differences()).isEmpty();
        }

        private Permit acquireObserved() {
            Permit permit = engine.tryAcquire(LimitRequest.of("watched").amount("tokens", 1))
                    .orElseThrow();
            assertThat(permit).isInstanceOf(FreePermit.class);
            return permit;
        }

        @Test
        void areToldByAPermitThatTheBackendDidNotGrantToo() {
            backend.wire(Wire.CUT);
            try (Permit permit = acquire("lenient", 100)) {
                permit.update("tokens", 1_000);
                assertThatIllegalArgumentException().isThrownBy(() -> permit.update("tokens", -1));
            }
        }
    }

    @Test
    void aShareOfABucketIsOneToo() {
        RateLimit bucket = new RateLimit("default", 30, Duration.ofMinutes(1), RateAlgorithm.TOKEN_BUCKET, 9);
        Partitions partitions = new Partitions(Duration.ofSeconds(10), System::nanoTime);
        partitions.learn(new Membership(4, 1), new Membership(1, 1));
        Partition share = partitions.share(ResourceDefinition.of("calls", bucket), null);
        assertThat(share.limits())
                .containsExactly(new RateLimit("default", 7, Duration.ofMinutes(1), RateAlgorithm.TOKEN_BUCKET, 2));
    }
}
