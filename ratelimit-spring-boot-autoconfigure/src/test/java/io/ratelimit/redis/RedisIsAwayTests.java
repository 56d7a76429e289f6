package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * What becomes of calls that Redis does not answer, or whose answers nobody reads in time.
 */
class RedisIsAwayTests {

    private static final Duration TIMEOUT = Duration.ofMillis(300);

    private static final List<Long> ONE = List.of(1L);

    private static Partition partition(String name) {
        return new Partition(name, null, List.of(ConcurrencyLimit.of(1)), 1, Duration.ofSeconds(10));
    }

    private static Acquire waiting(String ticket) {
        return new Acquire(ticket, ONE, TimeUnit.MINUTES.toMicros(1), 0, 100);
    }

    private static void isUnavailable(CompletionStage<?> stage) {
        Throwable failure = catchThrowable(() -> stage.toCompletableFuture().get(1, TimeUnit.MINUTES));
        assertThat(failure).hasCauseInstanceOf(BackendUnavailableException.class);
    }

    @Nested
    class EveryCall {

        /** Takes connections and says nothing. */
        private final ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

        private final LettuceConnectionFactory toSilent =
                RedisConnections.open("127.0.0.1", this.silent.getLocalPort());

        private final RedisBackend backend = new RedisBackend(this.toSilent, "away:", TIMEOUT);

        EveryCall() throws IOException {}

        @AfterEach
        void close() throws IOException {
            this.silent.close();
            this.backend.close();
            this.toSilent.destroy();
        }

        @Test
        void endsAtItsDeadlineWhereAServerTakesConnectionsAndSaysNothing() {
            this.backend.listen("a", new Notices());
            List<Operation<? extends Reply>> all = List.of(
                    new Acquire("a:1", ONE),
                    waiting("a:2"),
                    new Withdraw("a:2", ONE),
                    new Cancel("a:1", ONE, 0),
                    new Release("a:1"),
                    new Renew(List.of(), List.of()),
                    new Update(0, 1, 0),
                    new Inspect(1));
            List<CompletionStage<?>> calls = all.stream()
                    .<CompletionStage<?>>map((operation) -> this.backend.execute(partition("p"), operation))
                    .toList();
            CompletionStage<?> settings = this.backend.settings(Map.of());
            CompletionStage<?> sign = this.backend.heartbeat("a", Duration.ofSeconds(10));
            calls.forEach(RedisIsAwayTests::isUnavailable);
            isUnavailable(settings);
            isUnavailable(sign);
        }
    }

    /** A proxy that answers for itself, say. */
    @Nested
    class AServerThatDoesNotAnswerAsTheScriptDoes {

        private final ServerSocket strange = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

        private final LettuceConnectionFactory toStrange =
                RedisConnections.open("127.0.0.1", this.strange.getLocalPort());

        /** None of the calls comes to it. */
        private final RedisBackend backend = new RedisBackend(this.toStrange, "strange:", Duration.ofHours(1));

        AServerThatDoesNotAnswerAsTheScriptDoes() throws IOException {
            Thread server = new Thread(this::serve);
            server.setDaemon(true);
            server.start();
        }

        @AfterEach
        void close() throws IOException {
            this.strange.close();
            this.backend.close();
            this.toStrange.destroy();
        }

        private void serve() {
            try {
                while (true) {
                    Socket client = this.strange.accept();
                    Thread answering = new Thread(() -> answer(client));
                    answering.setDaemon(true);
                    answering.start();
                }
            } catch (IOException ex) {
                // closed
            }
        }

        private static void answer(Socket client) {
            try (client) {
                BufferedReader requests =
                        new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.ISO_8859_1));
                OutputStream replies = client.getOutputStream();
                for (String line = requests.readLine(); line != null; line = requests.readLine()) {
                    if (COMMANDS.containsKey(line)) {
                        replies.write(COMMANDS.get(line).getBytes(StandardCharsets.US_ASCII));
                    }
                }
            } catch (IOException ex) {
                // closed
            }
        }

        private static final Map<String, String> COMMANDS = Map.of(
                "HELLO", "-ERR unknown command\r\n",
                "CLIENT", "+OK\r\n",
                "PING", "+PONG\r\n",
                "EVALSHA", "*0\r\n");

        @Test
        void isAway() {
            Partition rate =
                    new Partition("r", "k", List.of(RateLimit.of(1, Duration.ofSeconds(1))), 1, Duration.ofSeconds(10));
            List<CompletionStage<?>> calls = List.of(
                    this.backend.execute(partition("p"), new Acquire("a:1", ONE)),
                    this.backend.execute(partition("p"), new Release("a:2")),
                    this.backend.execute(rate, new Acquire("a:3", ONE)));
            calls.forEach(RedisIsAwayTests::isUnavailable);
            isUnavailable(this.backend.heartbeat("a", Duration.ofSeconds(10)));
        }
    }

    @Nested
    class AnAnswerThatNobodyReadsInTime {

        private final RedisServer redis = RedisServer.start();

        private final LettuceConnectionFactory connections = RedisConnections.open("127.0.0.1", this.redis.port());

        private final Duration timeout = Duration.ofSeconds(2);

        private final RedisBackend backend = new RedisBackend(this.connections, "stopped:", this.timeout);

        private final CountDownLatch stopped = new CountDownLatch(1);

        private final CountDownLatch sent = new CountDownLatch(1);

        private final CountDownLatch goOn = new CountDownLatch(1);

        @AfterEach
        void close() {
            this.sent.countDown();
            this.goOn.countDown();
            this.backend.close();
            this.connections.destroy();
            this.redis.close();
        }

        private CompletionStage<?> ask(String name) {
            return this.backend.execute(partition(name), new Acquire("a:" + name, ONE));
        }

        /** The thread that reads is held up inside of one answer while the next is already there. */
        @Test
        void isReadBeforeAnythingIsJudged() throws Exception {
            await().ignoreExceptions()
                    .until(() -> ask("warm").toCompletableFuture().get(1, TimeUnit.MINUTES) instanceof Granted);
            ask("before").whenComplete((reply, failure) -> {
                this.stopped.countDown();
                awaitQuietly(this.sent);
            });
            this.stopped.await();
            ask("first").whenComplete((reply, failure) -> awaitQuietly(this.goOn));
            CompletableFuture<?> next = ask("next").toCompletableFuture();
            this.sent.countDown(); // both leave together
            // the stoppage is the fault that is tested: until after the deadline
            LockSupport.parkNanos(this.timeout.plusMillis(200).toNanos());
            this.goOn.countDown();
            assertThat(next.get(1, TimeUnit.MINUTES)).isInstanceOf(Granted.class);
        }

        private static void awaitQuietly(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Nested
    class AServerThatComesBack {

        private RedisServer redis = RedisServer.start();

        private final LettuceConnectionFactory connections = RedisConnections.open("127.0.0.1", this.redis.port());

        private final RedisBackend backend = new RedisBackend(this.connections, "back:", TIMEOUT);

        private final Notices notices = new Notices();

        @AfterEach
        void close() {
            this.backend.close();
            this.connections.destroy();
            this.redis.close();
        }

        private <R extends Reply> R answered(Partition partition, Operation<R> operation) {
            return await().ignoreExceptions()
                    .until(
                            () -> this.backend
                                    .execute(partition, operation)
                                    .toCompletableFuture()
                                    .get(1, TimeUnit.SECONDS),
                            (reply) -> true);
        }

        /** Lettuce itself tries again only after a pause as long as the absence. */
        @Test
        void isConnectedToByTheNextCallAndHeardAgain() {
            this.backend.listen("a", this.notices);
            assertThat(answered(partition("p"), new Acquire("a:1", ONE))).isInstanceOf(Granted.class);
            assertThat(answered(partition("p"), waiting("a:2"))).isInstanceOf(Queued.class);
            this.redis.kill();
            for (int i = 0; i < 3; i++) {
                isUnavailable(this.backend.execute(partition("p"), new Inspect(0)));
            }
            int missed = this.notices.missed.get();
            this.redis = RedisServer.startOn(this.redis.port());
            assertThat(answered(partition("p"), new Acquire("a:3", ONE))).isInstanceOf(Granted.class);
            await().until(() -> this.notices.missed.get() > missed);
            assertThat(answered(partition("p"), waiting("a:4"))).isInstanceOf(Queued.class);
            this.backend.execute(partition("p"), new Release("a:3"));
            await().until(() -> this.notices.granted.get() == 1);
        }
    }

    private static final class Notices implements GrantListener {

        private final AtomicInteger granted = new AtomicInteger();

        private final AtomicInteger missed = new AtomicInteger();

        @Override
        public void granted(String ticket, Granted grant) {
            this.granted.incrementAndGet();
        }

        @Override
        public void turn(String ticket, Duration wait) {}

        @Override
        public void missed() {
            this.missed.incrementAndGet();
        }
    }
}
