package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RestoreArgs;
import io.lettuce.core.api.sync.RedisCommands;
import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitRequest;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.Permit;
import io.ratelimit.RateLimit;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Two instances whose Redis forgets. They give a sign of life only when told to, so it is certain who comes back first.
 */
class LostStateTests {

    /** Nothing here is about leases that are over, however slow the machine. */
    private static final ConcurrencyLimit TWO_SLOTS = new ConcurrencyLimit("default", 2, Duration.ofMinutes(10), null);

    private RedisServer redis = RedisServer.start();

    private final LettuceConnectionFactory connections = RedisConnections.open(this.redis.host(), this.redis.port());

    private final RedisClient client = RedisClient.create("redis://" + this.redis.host() + ":" + this.redis.port());

    private final RedisCommands<String, String> admin = this.client.connect().sync();

    private final LimiterEngine here = engine();

    private final LimiterEngine there = engine();

    private Map<String, byte[]> older = Map.of();

    private LimiterEngine engine() {
        return new LimiterEngine(
                new ResourceRegistry(
                        ResourceDefaults.STANDARD,
                        List.of(
                                WaitingEngines.blocking("slots", BackendFailurePolicy.REJECT, 1_000, TWO_SLOTS),
                                WaitingEngines.blocking(
                                        "calls",
                                        BackendFailurePolicy.REJECT,
                                        1_000,
                                        RateLimit.of(3, Duration.ofHours(1))))),
                new RedisBackend(this.connections, "lost:", Duration.ofSeconds(30)),
                new MemoryBackend(),
                List.of());
    }

    @AfterEach
    void close() {
        this.here.close();
        this.there.close();
        this.connections.destroy();
        this.client.shutdown();
        this.redis.close();
    }

    /** How state gets lost. */
    enum Loss {
        FLUSHED {
            @Override
            void happen(LostStateTests test) {
                test.admin.flushall();
            }
        },

        RESTARTED_EMPTY {
            @Override
            void happen(LostStateTests test) {
                int port = test.redis.port();
                test.redis.kill();
                test.redis = RedisServer.startOn(port);
            }
        },

        /** As after a failover to a replica that had not heard of the latest. */
        SET_BACK {
            @Override
            void happen(LostStateTests test) {
                test.admin.flushall();
                test.older.forEach((key, value) -> test.admin.restore(key, value, RestoreArgs.Builder.ttl(600_000)));
            }
        };

        abstract void happen(LostStateTests test);
    }

    /** Long enough for a busy machine. */
    private static ConditionFactory await() {
        return Awaitility.await();
    }

    private void rememberState() {
        this.older = new HashMap<>();
        this.admin.keys("*").forEach((key) -> this.older.put(key, this.admin.dump(key)));
        assertThat(this.older).isNotEmpty();
    }

    private PartitionSnapshot seen() {
        return this.here.operations().inspect("slots", null).join();
    }

    private CompletableFuture<Permit> waitFor(LimiterEngine engine) {
        long before = seen().queued();
        CompletableFuture<Permit> waiting =
                engine.acquireAsync(LimitRequest.of("slots").maxWait(Duration.ofMinutes(10)));
        await().until(() -> seen().queued() == before + 1);
        return waiting;
    }

    private static Permit granted(CompletableFuture<Permit> waiting) {
        await().until(waiting::isDone);
        return waiting.join();
    }

    /** An instance that came back alone found a slot free, for the first of its own that waits. */
    private Permit freedOnceTheNumberFits(Permit one, List<CompletableFuture<Permit>> line) {
        await().until(() -> line.stream().anyMatch(CompletableFuture::isDone));
        Permit early = line.remove(line.get(0).isDone() ? 0 : 1).join();
        one.close();
        await().until(() -> seen().holders().size() == 2);
        this.here.beat();
        this.there.beat();
        await().until(() -> seen().holders().size() == 2 && seen().queued() == 2);
        assertThat(line).hasSize(2).noneMatch(CompletableFuture::isDone);
        return early;
    }

    /** Both came back together: nobody had more than there is. */
    private static Permit freedAtOnce(Permit one, List<CompletableFuture<Permit>> line) {
        assertThat(line).noneMatch(CompletableFuture::isDone);
        one.close();
        return granted(line.remove(0));
    }

    @ParameterizedTest
    @EnumSource
    void holdersAreBackWithTheirHeartbeatAndNothingIsGrantedUntilTheNumberFits(Loss loss) {
        Permit one = this.here.acquire("slots");
        rememberState();
        Permit two = this.there.acquire("slots");
        CompletableFuture<Permit> first = waitFor(this.here);
        CompletableFuture<Permit> second = waitFor(this.there);
        CompletableFuture<Permit> third = waitFor(this.here);

        loss.happen(this);

        await().ignoreExceptions().until(() -> {
            this.here.beat();
            return seen().holders().size() >= 1;
        });
        await().ignoreExceptions().until(() -> {
            this.there.beat();
            PartitionSnapshot seen = seen();
            return seen.holders().size() + seen.queued() == 5 && seen.holders().size() >= 2;
        });
        List<CompletableFuture<Permit>> line = new ArrayList<>(List.of(first, second, third));
        assertThat(one.isValid()).isTrue();
        assertThat(two.isValid()).isTrue();
        Permit early = (seen().holders().size() == 3) ? freedOnceTheNumberFits(one, line) : freedAtOnce(one, line);

        two.close();
        Permit next = granted(line.get(0));
        assertThat(line.get(1)).isNotDone();
        early.close();
        Permit last = granted(line.get(1));
        assertThat(LongStream.of(
                                one.fencingToken(),
                                two.fencingToken(),
                                early.fencingToken(),
                                next.fencingToken(),
                                last.fencingToken())
                        .boxed()
                        .toList())
                .isSorted()
                .doesNotHaveDuplicates();
        next.close();
        last.close();
        await().until(() -> seen().holders().isEmpty());
    }

    @ParameterizedTest
    @EnumSource
    void aRateBeginsAnewAndHoldsFromThenOn(Loss loss) {
        Permit held = this.here.acquire("slots");
        rememberState();
        assertThat(admittedOf(10)).isEqualTo(3);

        loss.happen(this);
        await().ignoreExceptions().until(() -> {
            this.here.beat();
            return seen().holders().size() == 1;
        });
        // what was refused a moment ago is remembered for 100 ms
        long[] admitted = {0};
        await().until(() -> (admitted[0] += admittedOf(2)) == 3);
        assertThat(admittedOf(10)).isZero();
        assertThat(held.isValid()).isTrue();
        held.close();
    }

    private long admittedOf(int calls) {
        return LongStream.range(0, calls)
                .filter((i) -> (i % 2 == 0 ? this.here : this.there)
                        .tryAcquire(LimitRequest.of("calls"))
                        .isPresent())
                .count();
    }
}
