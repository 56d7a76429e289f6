package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Acquisitions of many partitions share calls, and nobody notices but Redis.
 */
class TakesTests {

    private static final List<Limit> ONE_PER_DAY = List.of(RateLimit.of(1, Duration.ofDays(1)));

    private static final List<Limit> FIVE_PER_DAY = List.of(RateLimit.of(5, Duration.ofDays(1)));

    private static final Duration LEASE = Duration.ofSeconds(10);

    private static Partition partition(String key) {
        return partition(key, ONE_PER_DAY);
    }

    private static Partition partition(String key, List<Limit> limits) {
        return new Partition("users", key, limits, 1, LEASE);
    }

    private static Acquire take(int number) {
        return new Acquire("a:" + number, List.of(1L));
    }

    /** Submits acquisitions while Redis stands still. */
    private static List<CompletableFuture<Decision>> together(
            RedisServer server, RedisBackend backend, List<Partition> partitions) throws Exception {
        signal(server, "STOP");
        List<CompletableFuture<Decision>> decisions = new ArrayList<>();
        for (int i = 0; i < partitions.size(); i++) {
            decisions.add(backend.execute(partitions.get(i), take(i)).toCompletableFuture());
        }
        signal(server, "CONT");
        return decisions;
    }

    private static void signal(RedisServer server, String signal) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(server.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static List<Partition> partitions(int count) {
        return IntStream.range(0, count).mapToObj((i) -> partition("k" + i)).toList();
    }

    @Nested
    class Calls {

        private final List<ScriptCall> sent = new ArrayList<>();

        private final List<String> order = new ArrayList<>();

        private final Takes takes = new Takes(
                true,
                this.sent::add,
                () -> this.order.add(this.sent.size() + " calls sent"),
                LuaScript.takes("clock.lua"),
                (partition) -> "limits",
                (arguments) -> {});

        private final List<ScriptCall> alone = new ArrayList<>();

        private final Mailboxes mailboxes = new Mailboxes(
                new RedisKeys("test:"),
                this::add,
                this.takes::concern,
                () -> new BackendUnavailableException("overdue"),
                new Deadlines(() -> CompletableFuture.completedFuture(null), Duration.ofHours(1)));

        private void add(Mailbox.Batch batch) {
            ScriptCall call = new ScriptCall(
                    LuaScript.heartbeat("clock.lua"), batch.mailbox().keys(), (arguments) -> {});
            batch.made(call);
            call.reply().whenComplete((reply, failure) -> batch.mailbox().answered(batch));
            this.alone.add(call);
            if (batch.isShared()) {
                this.takes.add(batch, call);
            } else {
                this.sent.add(call);
            }
        }

        private void submit(int from, int to) {
            for (int i = from; i < to; i++) {
                this.mailboxes.submit(
                        new Submission<>(partition("k" + i), take(i), Long.MAX_VALUE / 2, new CompletableFuture<>()));
            }
        }

        private ScriptCall write(int index) {
            this.sent.get(index).byDigest();
            return this.sent.get(index);
        }

        private static List<Object> replies(int count) {
            return IntStream.range(0, count)
                    .<Object>mapToObj((i) -> new byte[] {(byte) i})
                    .toList();
        }

        @Test
        void takeWhatComesBeforeTheyAreWritten() {
            submit(0, 5);
            assertThat(this.sent).hasSize(1);
            write(0).reply().complete(replies(5));
            assertThat(this.alone).hasSize(5).allMatch((call) -> call.reply().isDone());
            assertThat((byte[]) this.alone.get(3).reply().join().get(0)).containsExactly(3);
        }

        @Test
        void takeNothingMoreOnceTheyAreWritten() {
            submit(0, 1);
            write(0);
            submit(0, 1);
            assertThat(this.alone).hasSize(1);
            this.sent.get(0).reply().complete(replies(1));
            assertThat(this.alone).hasSize(2);
            assertThat(this.alone.get(1).reply()).isNotDone();
        }

        @Test
        void ofFewPartitionsLeaveAtOnce() {
            for (int i = 0; i < 16; i++) {
                submit(i, i + 1);
                assertThat(this.sent).hasSize(i + 1);
                write(i);
            }
            submit(16, 20);
            assertThat(this.sent).as("from here on they gather").hasSize(16);
            this.sent.get(7).reply().complete(replies(1));
            assertThat(this.sent).hasSize(17);
            write(16).reply().complete(replies(4));
            assertThat(this.alone.subList(16, 20))
                    .allMatch((call) -> call.reply().isDone());
        }

        /** So that Redis has work meanwhile. */
        @Test
        void thatGatherLeaveBeforeTheCallersOfAReplyWakeUp() {
            submit(0, 64);
            write(0);
            write(1);
            write(2);
            this.alone.get(0).reply().thenRun(() -> this.order.add("awake"));
            this.sent.get(0).reply().complete(replies(16));
            assertThat(this.order).containsExactly("4 calls sent", "awake");
        }

        @Test
        void holdSixteenPartitionsEach() {
            submit(0, 100);
            write(0);
            write(1);
            write(2);
            assertThat(this.sent).hasSize(3);
            this.sent.get(0).reply().complete(replies(16));
            assertThat(this.alone.subList(0, 16))
                    .allMatch((call) -> call.reply().isDone());
            assertThat(this.alone.subList(16, 100))
                    .noneMatch((call) -> call.reply().isDone());
            assertThat(this.sent).hasSize(4);
        }

        @Test
        void sendAloneWhatIsNotAnswered() {
            submit(0, 2);
            List<Object> replies = new ArrayList<>(replies(2));
            replies.set(0, null);
            write(0).reply().complete(replies);
            assertThat(this.alone.get(0).reply()).isNotDone();
            assertThat(this.alone.get(1).reply()).isDone();
            assertThat(this.sent.get(1)).isSameAs(this.alone.get(0));
            this.alone.get(0).reply().complete(List.of());
            submit(0, 1);
            assertThat(this.sent.get(2)).as("for a while its own").isSameAs(this.alone.get(2));
        }

        @Test
        void failWithAllThatTheyCarryAndNobodyElse() {
            submit(0, 20);
            write(0).reply().completeExceptionally(new IllegalStateException("cut off"));
            assertThat(this.alone.subList(0, 16))
                    .allMatch((call) -> call.reply().isCompletedExceptionally());
            assertThat(this.alone.subList(16, 20))
                    .noneMatch((call) -> call.reply().isDone());
        }

        @Test
        void thatAreNeverWrittenFailWithAllThatWait() {
            submit(0, 40);
            for (int i = 0; i < this.sent.size(); i++) {
                this.sent.get(i).reply().completeExceptionally(new IllegalStateException("not connected"));
            }
            assertThat(this.alone).allMatch((call) -> call.reply().isCompletedExceptionally());
            submit(40, 41);
            write(this.sent.size() - 1).reply().complete(replies(1));
            assertThat(this.alone.get(40).reply()).isCompleted();
        }

        @Test
        void areGivenUpOnceNobodyWaitsForThem() {
            submit(0, 2);
            ScriptCall call = write(0);
            call.bySource();
            this.alone.get(0).reply().completeExceptionally(new TimeoutException());
            assertThat(call.reply()).isNotDone();
            this.alone.get(1).reply().completeExceptionally(new TimeoutException());
            assertThat(call.reply()).isCompletedExceptionally();
        }

        @Test
        void leaveOutWhomNobodyWaitsForAnyMore() {
            submit(0, 3);
            this.alone.get(1).reply().completeExceptionally(new TimeoutException());
            write(0).reply().complete(replies(2));
            assertThat((byte[]) this.alone.get(2).reply().join().get(0)).containsExactly(1);
        }

        @Test
        void endWhereTheServerTurnsOutToBeSeveral() {
            submit(0, 2);
            write(0).reply()
                    .completeExceptionally(new RedisCommandExecutionException(
                            "CROSSSLOT Keys in request don't hash to the same slot"));
            assertThat(this.sent.subList(1, 3)).containsExactlyElementsOf(this.alone);
            assertThat(this.takes.concern(submission(ONE_PER_DAY, take(1)))).isFalse();
        }

        @Test
        void areForOneSlidingWindowThatNobodyWaitsFor() {
            RateLimit rate = RateLimit.of(1, Duration.ofDays(1));
            Limit bucket = new RateLimit("b", 5, Duration.ofSeconds(1), RateAlgorithm.TOKEN_BUCKET, 5);
            Acquire waits = new Acquire("a:1", List.of(1L), 1_000, 0, 10);
            assertThat(this.takes.concern(submission(List.of(rate), take(1)))).isTrue();
            assertThat(this.takes.concern(submission(List.of(rate), waits))).isFalse();
            assertThat(this.takes.concern(submission(List.of(bucket), take(1)))).isFalse();
            assertThat(this.takes.concern(submission(List.of(ConcurrencyLimit.of(1)), take(1))))
                    .isFalse();
            assertThat(this.takes.concern(
                            submission(List.of(rate, ConcurrencyLimit.of(1)), new Acquire("a:1", List.of(1L, 1L)))))
                    .isFalse();
        }

        private static Submission<?> submission(List<Limit> limits, Acquire acquire) {
            return new Submission<>(partition("k", limits), acquire, 0, new CompletableFuture<>());
        }
    }

    @Nested
    @WithRedis
    class OnOneServer {

        private final RedisServer server = RedisServer.start();

        private final LettuceConnectionFactory connections =
                RedisConnections.open(this.server.host(), this.server.port());

        private final RedisBackend backend = new RedisBackend(this.connections, "takes:", Duration.ofSeconds(50));

        @BeforeEach
        void loadTheScripts() {
            execute(partition("warm"), take(0)).join();
            execute(partition("warm"), new Acquire("a:0", List.of(1L), 1, 0, 1)).join();
        }

        @AfterEach
        void stop() {
            this.backend.close();
            this.connections.destroy();
            this.server.close();
        }

        private CompletableFuture<Decision> execute(Partition partition, Acquire acquire) {
            return this.backend.execute(partition, acquire).toCompletableFuture();
        }

        @Test
        void oneHundredAreAFewCallsAndEachIsChargedOnce() throws Exception {
            try (RedisConnection connection = this.connections.getConnection()) {
                connection.serverCommands().resetConfigStats();
                assertThat(together(this.server, this.backend, partitions(100)))
                        .allSatisfy((decision) -> assertThat(decision.join()).isInstanceOf(Granted.class));
                String calls = connection.serverCommands().info("commandstats").getProperty("cmdstat_evalsha");
                assertThat(Integer.parseInt(calls.replaceFirst("calls=(\\d+),.*", "$1")))
                        .isLessThan(30);
            }
            assertThat(together(this.server, this.backend, partitions(100)))
                    .allSatisfy((decision) -> assertThat(decision.join()).isInstanceOf(Refused.class));
        }

        @Test
        void whoGathersLeavesBeforeTheCallersOfAReplyWakeUp() throws Exception {
            Partition slots = partition("slots", List.of(ConcurrencyLimit.of(3)));
            LettuceConnectionFactory others = RedisConnections.open(this.server.host(), this.server.port());
            try (RedisConnection onlooker = others.getConnection()) {
                onlooker.ping();
                signal(this.server, "STOP");
                CompletableFuture<Long> seenByTheFirst = execute(slots, take(1)).thenApply((first) -> {
                    await().until(() -> holders(onlooker), (count) -> count == 3);
                    return holders(onlooker);
                });
                Thread.sleep(100); // else they share a call, and nobody gathers
                execute(slots, take(2));
                Thread.sleep(100);
                execute(slots, take(3));
                signal(this.server, "CONT");
                assertThat(seenByTheFirst.get(1, TimeUnit.MINUTES)).isEqualTo(3);
            } finally {
                others.destroy();
            }
        }

        /**
         * Lettuce sends again what was under way when a connection was cut: a rate errs on the strict side then. Where the connection is cut before
         * Redis has read the calls, no reply is lost, and it is tried again.
         */
        @Test
        void whoseReplyIsLostAreGrantedOnceAndChargedTwiceAtMost() {
            AtomicInteger attempts = new AtomicInteger();
            await().until(() -> chargedInVain(attempts.incrementAndGet()) > 0);
        }

        @SuppressWarnings("deprecation") // there is no other way to the connection of Lettuce
        private int chargedInVain(int attempt) throws Exception {
            List<Partition> users = IntStream.range(0, 100)
                    .mapToObj((i) -> partition("u" + attempt + "-" + i, FIVE_PER_DAY))
                    .toList();
            List<CompletableFuture<Decision>> decisions = new ArrayList<>();
            LettuceConnectionFactory others = RedisConnections.open(this.server.host(), this.server.port());
            try (RedisConnection killer = others.getConnection()) {
                killer.ping();
                signal(this.server, "STOP");
                for (int i = 0; i < users.size(); i++) {
                    decisions.add(execute(users.get(i), take(i)));
                }
                Thread.sleep(200); // Redis reads in the order in which it was written to
                CompletionStage<Long> killed = ((RedisAsyncCommands<?, ?>) killer.getNativeConnection())
                        .clientKill(KillArgs.Builder.typeNormal());
                Thread.sleep(200);
                signal(this.server, "CONT");
                killed.toCompletableFuture().get(1, TimeUnit.MINUTES);
            } finally {
                signal(this.server, "CONT");
                others.destroy();
            }
            await().ignoreExceptions()
                    .until(() -> execute(partition("again"), take(0)).join() != null);
            int chargedInVain = 0;
            for (int i = 0; i < users.size(); i++) {
                boolean granted = decisions
                        .get(i)
                        .handle((decision, failure) -> failure == null)
                        .get(1, TimeUnit.MINUTES);
                Partition user = users.get(i);
                long used =
                        execute(user, take(i)).join().status().limits().get(0).used() - 1;
                assertThat(used).as("%s, granted: %s", user.key(), granted).isBetween(granted ? 1L : 0L, 2L);
                chargedInVain += (used > (granted ? 1 : 0)) ? 1 : 0;
            }
            return chargedInVain;
        }

        private static Long holders(RedisConnection connection) {
            return connection.hashCommands().hLen("takes:{users:slots}:h".getBytes(StandardCharsets.US_ASCII));
        }

        @Test
        void whoeverIsRefusedIsRefusedAloneAndFreeOfCharge() throws Exception {
            execute(partition("k3"), take(0)).join();
            List<CompletableFuture<Decision>> decisions = together(this.server, this.backend, partitions(10));
            for (int i = 0; i < decisions.size(); i++) {
                assertThat(decisions.get(i).join()).isInstanceOf((i == 3) ? Refused.class : Granted.class);
            }
            assertThat(decisions.get(3).join().status().limits().get(0).used()).isEqualTo(1);
        }

        @Test
        void severalOfOnePartitionAreAllCharged() throws Exception {
            List<Partition> partitions = new ArrayList<>(partitions(40)); // so that the last ones gather
            Partition busy = partition("busy", FIVE_PER_DAY);
            partitions.addAll(List.of(busy, busy, busy));
            assertThat(together(this.server, this.backend, partitions))
                    .allSatisfy((decision) -> assertThat(decision.join()).isInstanceOf(Granted.class));
            assertThat(execute(busy, take(0)).join().status().limits().get(0).used())
                    .isEqualTo(4);
        }

        @Test
        void eachGoesByItsOwnLimits() throws Exception {
            List<Partition> partitions = IntStream.range(0, 60)
                    .mapToObj((i) -> partition("k" + i, (i % 2 == 0) ? ONE_PER_DAY : FIVE_PER_DAY))
                    .toList();
            together(this.server, this.backend, partitions).forEach(CompletableFuture::join);
            List<CompletableFuture<Decision>> again = together(this.server, this.backend, partitions);
            for (int i = 0; i < 60; i++) {
                Decision decision = again.get(i).join();
                assertThat(decision).isInstanceOf((i % 2 == 0) ? Refused.class : Granted.class);
                assertThat(decision.status().limits().get(0).limit())
                        .isEqualTo(partitions.get(i).limits().get(0));
            }
        }

        @Test
        void theKeyOfSomebodyElseConcernsNobodyElse() throws Exception {
            try (RedisConnection connection = this.connections.getConnection()) {
                connection.listCommands().rPush("takes:{users:k3}".getBytes(StandardCharsets.US_ASCII), new byte[] {'x'
                });
            }
            List<CompletableFuture<Decision>> decisions = together(this.server, this.backend, partitions(10));
            for (int i = 0; i < decisions.size(); i++) {
                CompletableFuture<Decision> decision = decisions.get(i);
                if (i == 3) {
                    assertThatThrownBy(decision::join)
                            .hasCauseInstanceOf(BackendUnavailableException.class)
                            .hasMessageContaining("WRONGTYPE");
                } else {
                    assertThat(decision.join()).isInstanceOf(Granted.class);
                }
            }
        }

        @Test
        void aScriptThatRedisHasForgottenIsSentAgainWithTheSame() throws Exception {
            try (RedisConnection connection = this.connections.getConnection()) {
                connection.scriptingCommands().scriptFlush();
            }
            assertThat(together(this.server, this.backend, partitions(50)))
                    .allSatisfy((decision) -> assertThat(decision.join()).isInstanceOf(Granted.class));
        }
    }

    /** Such as a proxy in front of a cluster, or a node of one that somebody takes for a single server. */
    @Nested
    @WithRedis
    class OnAServerThatStandsForSeveral {

        private final RedisServer server = RedisServer.start("cluster-enabled yes");

        private final LettuceConnectionFactory connections =
                RedisConnections.open(this.server.host(), this.server.port());

        @AfterEach
        void stop() {
            this.connections.destroy();
            this.server.close();
        }

        @Test
        void nobodyIsRefusedForIt() throws Exception {
            try (RedisConnection connection = this.connections.getConnection()) {
                cluster(connection, "ADDSLOTSRANGE", "0", "16383");
                await().until(() -> cluster(connection, "INFO").contains("cluster_state:ok"));
            }
            try (RedisBackend backend = new RedisBackend(this.connections, "takes:", Duration.ofSeconds(50))) {
                backend.execute(partition("warm"), take(0))
                        .toCompletableFuture()
                        .join();
                for (Class<?> expected : List.of(Granted.class, Refused.class)) {
                    assertThat(together(this.server, backend, partitions(100)))
                            .allSatisfy(
                                    (decision) -> assertThat(decision.join()).isInstanceOf(expected));
                }
            }
        }

        private static String cluster(RedisConnection connection, String... arguments) {
            Object reply = connection.execute(
                    "CLUSTER",
                    Stream.of(arguments)
                            .map((argument) -> argument.getBytes(StandardCharsets.US_ASCII))
                            .toArray(byte[][]::new));
            return (reply instanceof byte[] text) ? new String(text, StandardCharsets.US_ASCII) : "";
        }
    }
}
