package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.netty.util.concurrent.EventExecutor;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

@WithRedis
class LettuceScriptingTests {

    private static final byte[] KEY = "calls".getBytes(StandardCharsets.US_ASCII);

    private static final int CALLS = 1_000;

    /** Writes down which call it was, behind those before. */
    private static final LuaScript APPEND = script("return { redis.call('RPUSH', KEYS[1], ARGV[1]) }");

    private final LettuceConnectionFactory connections = RedisConnections.to(RedisServer.shared());

    private final LettuceScripting scripting = new LettuceScripting(this.connections);

    private final List<CompletableFuture<List<Object>>> replies = new ArrayList<>();

    @AfterEach
    void close() {
        this.scripting.close();
    }

    private static LuaScript script(String source) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(source.getBytes(StandardCharsets.UTF_8));
            return new LuaScript(source, HexFormat.of().formatHex(digest));
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private ScriptCall call(int number) {
        ScriptCall call = new ScriptCall(APPEND, new byte[][] {KEY}, (arguments) -> arguments.add(number));
        this.replies.add(call.reply());
        return call;
    }

    private void awaitReplies() {
        CompletableFuture.allOf(this.replies.toArray(CompletableFuture[]::new)).join();
    }

    /** The calls, in the order that Redis carried them out. */
    private List<Integer> carriedOut() {
        try (RedisConnection connection = this.connections.getConnection()) {
            return connection.listCommands().lRange(KEY, 0, -1).stream()
                    .map((number) -> Integer.valueOf(new String(number, StandardCharsets.US_ASCII)))
                    .toList();
        }
    }

    private void forgetScripts() {
        try (RedisConnection connection = this.connections.getConnection()) {
            connection.scriptingCommands().scriptFlush();
        }
    }

    private long calls(String command) {
        try (RedisConnection connection = this.connections.getConnection()) {
            Properties statistics = connection.serverCommands().info("commandstats");
            String line = statistics.getProperty("cmdstat_" + command, "calls=0,");
            return Long.parseLong(line.substring("calls=".length(), line.indexOf(',')));
        }
    }

    private static List<Integer> upTo(int end) {
        return IntStream.range(0, end).boxed().toList();
    }

    @Nested
    class TheOrder {

        @Test
        void isThatOfTheCallsOfOneThread() {
            for (int i = 0; i < CALLS; i++) {
                scripting.add(call(i));
                scripting.send();
            }
            awaitReplies();
            assertThat(carriedOut()).containsExactlyElementsOf(upTo(CALLS));
            for (int i = 0; i < CALLS; i++) {
                assertThat(replies.get(i)).isCompletedWithValue(List.of(i + 1L));
            }
        }

        @Test
        void isThatOfTheCallsThatSomebodyElseSends() {
            for (int i = 0; i < CALLS; i++) {
                scripting.add(call(i));
                if (i % 7 == 6) {
                    CompletableFuture.runAsync(scripting::send);
                }
            }
            scripting.send();
            awaitReplies();
            assertThat(carriedOut()).containsExactlyElementsOf(upTo(CALLS));
        }

        /** What one thread gives another to write must not be overtaken by what that one writes itself. */
        @Test
        void isKeptWhereTheThreadThatWritesChanges() {
            ReplyReaders readers = ((Session) scripting.connected().join()).readers();
            scripting.add(call(0));
            scripting.send();
            awaitReplies();
            EventExecutor own = readers.last();
            EventExecutor other = StreamSupport.stream(own.parent().spliterator(), false)
                    .filter((thread) -> thread != own)
                    .findAny()
                    .orElseThrow();
            ScriptCall first = call(1);
            ScriptCall second = call(2);
            CompletableFuture<Void> firstIsGiven = new CompletableFuture<>();
            own.execute(() -> {
                firstIsGiven.join();
                readers.learn();
                scripting.add(second);
                scripting.send();
            });
            other.execute(() -> {
                readers.learn();
                scripting.add(first);
                scripting.send();
                other.execute(() -> firstIsGiven.complete(null));
            });
            awaitReplies();
            assertThat(carriedOut()).containsExactly(0, 1, 2);
        }

        @Test
        void isKeptForCallsThatWaitForTheConnection() {
            LettuceScripting fresh = new LettuceScripting(connections);
            for (int i = 0; i < 100; i++) {
                fresh.add(call(i));
                fresh.send();
            }
            awaitReplies();
            assertThat(carriedOut()).containsExactlyElementsOf(upTo(100));
            fresh.close();
        }

        @Test
        void isKeptWhereRedisDoesNotKnowTheScriptYet() {
            forgetScripts();
            scripting.connected().join();
            for (int i = 0; i < 100; i++) {
                scripting.add(call(i));
            }
            scripting.send();
            awaitReplies();
            assertThat(carriedOut()).containsExactlyElementsOf(upTo(100));
        }

        @Test
        void isKeptForACallThatComesWhileThoseBeforeItAreSentAnew() {
            forgetScripts();
            scripting.connected().join();
            AtomicInteger written = new AtomicInteger();
            ScriptCall third = call(2);
            ScriptCall second = new ScriptCall(APPEND, new byte[][] {KEY}, (arguments) -> {
                if (written.incrementAndGet() == 2) {
                    scripting.add(third);
                    scripting.send();
                }
                arguments.add(1);
            });
            replies.add(second.reply());
            scripting.add(call(0));
            scripting.add(second);
            scripting.send();
            awaitReplies();
            assertThat(carriedOut()).containsExactly(0, 1, 2);
        }

        @Test
        void isKeptWhereRedisForgetsTheScriptAgainAndAgain() {
            for (int i = 0; i < CALLS; i++) {
                scripting.add(call(i));
                scripting.send();
                if (i % 50 == 49) {
                    forgetScripts();
                }
            }
            awaitReplies();
            assertThat(carriedOut()).containsExactlyElementsOf(upTo(CALLS));
        }
    }

    @Nested
    class ACall {

        @Test
        void thatNobodyWaitsForAnyMoreIsNotSent() {
            forgetScripts();
            ScriptCall given = call(0);
            replies.clear();
            scripting.connected().join();
            scripting.add(given);
            scripting.add(call(1));
            given.reply().cancel(false);
            scripting.send();
            awaitReplies();
            assertThat(carriedOut()).containsExactly(1);
        }

        @Test
        void isSentWithItsSourceOnlyWhereRedisDoesNotKnowIt() {
            forgetScripts();
            long sources = calls("eval");
            for (int i = 0; i < 10; i++) {
                scripting.add(call(i));
                scripting.send();
                awaitReplies();
            }
            assertThat(calls("eval") - sources).isEqualTo(1);
        }

        /** So that whoever comes meanwhile can join it. */
        @Test
        void isWrittenByTheThreadOfNettyInATurnOfItsOwn() throws Exception {
            Session session = (Session) scripting.connected().join();
            AtomicInteger written = new AtomicInteger();
            ScriptCall late = new ScriptCall(APPEND, new byte[][] {KEY}, (arguments) -> {
                assertThat(session.readers().last().inEventLoop()).isTrue();
                arguments.add(written.incrementAndGet());
            });
            int writtenWithinTheTurn = session.readers()
                    .last()
                    .submit(() -> {
                        scripting.add(late);
                        scripting.send();
                        return written.get();
                    })
                    .get();
            assertThat(late.reply().join()).containsExactly(1L);
            assertThat(writtenWithinTheTurn).isZero();
            assertThat(written).hasValue(1);
        }

        /** So that Redis has work while those wake up whose replies are read on that thread. */
        @Test
        void isWrittenAtOnceByTheThreadOfNettyIfAsked() throws Exception {
            Session session = (Session) scripting.connected().join();
            AtomicInteger written = new AtomicInteger();
            ScriptCall next =
                    new ScriptCall(APPEND, new byte[][] {KEY}, (arguments) -> arguments.add(written.incrementAndGet()));
            int writtenWithinTheTurn = session.readers()
                    .last()
                    .submit(() -> {
                        scripting.add(next);
                        scripting.sendAtOnce();
                        return written.get();
                    })
                    .get();
            assertThat(writtenWithinTheTurn).isEqualTo(1);
            assertThat(next.reply().join()).containsExactly(1L);
        }

        @Test
        void isSentByAnyOtherThreadAsIfNobodyWereInAHurry() {
            scripting.add(call(0));
            scripting.sendAtOnce();
            awaitReplies();
            assertThat(carriedOut()).containsExactly(0);
        }

        @Test
        void thatFailsSaysWhy() {
            ScriptCall wrong = new ScriptCall(script("return nonsense()"), new byte[0][], (arguments) -> {});
            scripting.add(wrong);
            scripting.send();
            assertThatThrownBy(() -> wrong.reply().join()).hasCauseInstanceOf(RedisCommandExecutionException.class);
        }

        @Test
        void whoseArgumentsCannotBeWrittenKeepsNobodyElse() {
            scripting.connected().join();
            for (int i = 0; i < 20; i++) {
                ScriptCall wrong = new ScriptCall(APPEND, new byte[][] {KEY}, (arguments) -> {
                    throw new IllegalStateException("no arguments");
                });
                scripting.add(wrong);
                scripting.send();
                assertThat(wrong.reply())
                        .failsWithin(Duration.ofMinutes(1))
                        .withThrowableThat()
                        .withMessageContaining("no arguments");
            }
            scripting.add(call(1));
            scripting.send();
            assertThat(replies.get(0).orTimeout(1, TimeUnit.MINUTES).join()).containsExactly(1L);
        }
    }

    @Nested
    class Connecting {

        @Test
        void happensOnceForAllThatWaitForIt() {
            LettuceScripting fresh = new LettuceScripting(connections);
            assertThat(fresh.connected()).isSameAs(fresh.connected());
            fresh.connected().join();
            assertThat(fresh.isConnecting()).isFalse();
            fresh.close();
        }

        @Test
        void thatFailsFailsWhatWaitsAndIsTriedAgain() {
            LettuceConnectionFactory nowhere = RedisConnections.open("127.0.0.1", 1);
            LettuceScripting lost = new LettuceScripting(nowhere);
            lost.add(call(0));
            lost.send();
            assertThat(replies.get(0).handle((reply, failure) -> failure).join())
                    .isNotNull();
            lost.add(call(1));
            lost.send();
            assertThat(replies.get(1).handle((reply, failure) -> failure).join())
                    .isNotNull();
            lost.close();
            nowhere.destroy();
        }

        @Test
        void thatFindsNoThreadIsTriedAgain() {
            AtomicInteger tries = new AtomicInteger();
            LettuceScripting starved = new LettuceScripting(connections, (task) -> {
                if (tries.incrementAndGet() <= 2) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
                new Thread(task).start();
            });
            for (int i = 0; i < 3; i++) {
                starved.add(call(i));
                starved.send();
            }
            assertThat(replies.subList(0, 2))
                    .allSatisfy((reply) -> assertThat(reply).isCompletedExceptionally());
            replies.get(2).join();
            assertThat(tries).hasValue(3);
            starved.close();
        }

        @Test
        void needsLettuce() {
            RedisConnectionFactory other = (RedisConnectionFactory) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {RedisConnectionFactory.class}, (a, b, c) -> null);
            assertThatExceptionOfType(LimitConfigurationException.class)
                    .isThrownBy(() -> new LettuceScripting(other))
                    .withMessageContaining("works over Lettuce");
        }
    }

    @Nested
    class Closing {

        @Test
        void endsItForGood() {
            scripting.connected().join();
            scripting.close();

            scripting.add(call(0));
            scripting.send();

            assertThat(replies.get(0))
                    .failsWithin(Duration.ofSeconds(10))
                    .withThrowableThat()
                    .withMessageContaining("closed");
            assertThat(scripting.isConnecting()).isFalse();
        }

        @Test
        void givesTheThreadsOfTheConnectionFactoryBackOnce() {
            scripting.connected().join();
            scripting.close();
            scripting.close();

            LettuceScripting other = new LettuceScripting(connections);
            assertThat(other.connected()).succeedsWithin(Duration.ofSeconds(10));
            other.close();
        }

        /** As where an application closes its beans in another order. */
        @Test
        void ofTheConnectionFactoryFailsWhatComesAfterwards() {
            LettuceConnectionFactory own = RedisConnections.open(
                    RedisServer.shared().host(), RedisServer.shared().port());
            LettuceScripting orphan = new LettuceScripting(own);
            orphan.connected().join();
            own.destroy();

            orphan.add(call(0));
            orphan.send();
            orphan.add(call(1));
            orphan.send();

            assertThat(replies).allSatisfy((reply) -> assertThat(reply).failsWithin(Duration.ofMinutes(1)));
            orphan.close();
        }

        @Test
        void endsAConnectionThatIsMadeOnlyThen() {
            CompletableFuture<Void> isConnecting = new CompletableFuture<>();
            CompletableFuture<Void> mayConnect = new CompletableFuture<>();
            LettuceConnectionFactory slow =
                    new LettuceConnectionFactory(
                            RedisServer.shared().host(), RedisServer.shared().port()) {
                        @Override
                        public AbstractRedisClient getNativeClient() {
                            isConnecting.complete(null);
                            mayConnect.join();
                            return super.getNativeClient();
                        }
                    };
            slow.afterPropertiesSet();
            slow.start();
            LettuceScripting closed = new LettuceScripting(slow);
            CompletableFuture<?> connected = closed.connected();
            isConnecting.join();
            closed.close();
            mayConnect.complete(null);

            Session session = (Session) connected.join();
            await().until(() -> !session.isOpen());
            slow.destroy();
        }
    }
}
