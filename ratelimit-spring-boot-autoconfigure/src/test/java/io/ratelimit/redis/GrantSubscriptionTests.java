package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.KillArgs;
import io.lettuce.core.api.async.RedisServerAsyncCommands;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.RecordedNotices;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

@WithRedis
class GrantSubscriptionTests {

    private static final byte[] CHANNEL = "test:grants:a".getBytes(StandardCharsets.US_ASCII);

    private static final List<Limit> ONE_SLOT = List.of(ConcurrencyLimit.of(1));

    private static final Partition SLOT = new Partition("slot", null, ONE_SLOT, 1, Duration.ofSeconds(10));

    private final LettuceConnectionFactory connections = RedisConnections.to(RedisServer.shared());

    private final RecordedNotices notices = new RecordedNotices();

    private final AtomicInteger opened = new AtomicInteger();

    private final AtomicInteger failing = new AtomicInteger();

    /** Whether connections can be opened and refuse to subscribe. */
    private final AtomicBoolean refusing = new AtomicBoolean();

    private GrantSubscription subscription() {
        return new GrantSubscription(counting(), CHANNEL, "a", this.notices);
    }

    /** Connections that are counted, the first {@link #failing} of which cannot be opened. */
    private RedisConnectionFactory counting() {
        return (RedisConnectionFactory) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {RedisConnectionFactory.class}, (proxy, method, args) -> {
                    if (method.getName().equals("getConnection")
                            && this.opened.getAndIncrement() < this.failing.get()) {
                        throw new RedisConnectionFailureException("no connection");
                    }
                    Object result = invoke(method, this.connections, args);
                    return (result instanceof RedisConnection connection && this.refusing.get())
                            ? refusing(connection)
                            : result;
                });
    }

    private RedisConnection refusing(RedisConnection connection) {
        return (RedisConnection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {RedisConnection.class}, (proxy, method, args) -> {
                    if (method.getName().equals("subscribe")) {
                        throw new RedisConnectionFailureException("no subscription");
                    }
                    return invoke(method, connection, args);
                });
    }

    private static Object invoke(Method method, Object target, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException ex) {
            throw ex.getCause();
        }
    }

    private RedisBackend backend(String instance, RecordedNotices told) {
        RedisBackend backend = new RedisBackend(this.connections, "test:", Duration.ofSeconds(10));
        backend.listen(instance, told);
        return backend;
    }

    private static CompletableFuture<Void> ready(GrantSubscription subscription) {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        subscription.whenReady(() -> ready.complete(null), ready::completeExceptionally);
        return ready;
    }

    private long publish(ByteArrayOutputStream message) {
        try (RedisConnection connection = this.connections.getConnection()) {
            return connection.publish(CHANNEL, message.toByteArray());
        }
    }

    private void killSubscribers() {
        try (RedisConnection connection = this.connections.getConnection()) {
            RedisServerAsyncCommands<?, ?> commands = (RedisServerAsyncCommands<?, ?>) connection.getNativeConnection();
            commands.clientKill(KillArgs.Builder.typePubsub())
                    .toCompletableFuture()
                    .join();
        }
    }

    private static ByteArrayOutputStream turn(String ticket) {
        ByteArrayOutputStream message = status(1, 1_000_000, 1, 0);
        message.writeBytes(numbers(0, 250_000, 0, 0));
        message.writeBytes(text(ticket));
        return message;
    }

    private static ByteArrayOutputStream status(double... numbers) {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.writeBytes(text(LimitsText.write(ONE_SLOT)));
        message.writeBytes(numbers(numbers));
        return message;
    }

    private static byte[] text(String text) {
        return (text + '\0').getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] numbers(double... numbers) {
        ByteBuffer packed = ByteBuffer.allocate(Double.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        DoubleStream.of(numbers).forEach(packed::putDouble);
        return packed.array();
    }

    @Nested
    class ASubscription {

        @Test
        void isMadeBeforeAnybodyIsToldThatItIs() {
            try (GrantSubscription subscription = subscription()) {
                assertThat(publish(turn("a:0"))).isZero();
                ready(subscription).join();
                assertThat(publish(turn("a:1"))).isEqualTo(1);
                await().untilAsserted(() -> assertThat(notices.texts()).containsExactly("turn a:1 in PT0.25S"));
            }
        }

        @Test
        void isMadeAgainBehindAPause() {
            try (GrantSubscription subscription = subscription()) {
                subscription.pause().join();
                ready(subscription).join();
                subscription.pause().join();
                await().untilAsserted(() -> assertThat(publish(turn("a:1"))).isZero());
                ready(subscription).join();
                assertThat(publish(turn("a:2"))).isEqualTo(1);
                await().untilAsserted(() -> assertThat(notices.texts()).contains("turn a:2 in PT0.25S"));
                assertThat(opened).hasValue(2);
            }
        }

        @Test
        void isMadeOnceForAllWhoWaitForIt() {
            try (GrantSubscription subscription = subscription()) {
                List<CompletableFuture<Void>> all =
                        List.of(ready(subscription), ready(subscription), ready(subscription));
                all.forEach(CompletableFuture::join);
                ready(subscription).join();
                assertThat(opened).hasValue(1);
            }
        }

        @Test
        void isNotMadeWhereNobodyWaits() {
            subscription().close();
            assertThat(opened).hasValue(0);
        }

        @Test
        void thatCannotBeMadeFailsWhoWaitsForItAndIsTriedAgain() {
            failing.set(2);
            try (GrantSubscription subscription = subscription()) {
                assertThatThrownBy(() -> ready(subscription).join())
                        .hasRootCauseInstanceOf(RedisConnectionFailureException.class);
                assertThatThrownBy(() -> ready(subscription).join())
                        .hasRootCauseInstanceOf(RedisConnectionFailureException.class);
                ready(subscription).join();
                assertThat(opened).hasValue(3);
                assertThat(publish(turn("a:1"))).isEqualTo(1);
            }
        }

        @Test
        void isRenewedOverAnotherConnection() {
            try (GrantSubscription subscription = subscription()) {
                ready(subscription).join();
                subscription.renew();
                await().untilAsserted(() -> assertThat(notices.texts()).containsExactly("missed"));
                await().untilAsserted(() -> assertThat(publish(turn("a:1"))).isEqualTo(1));
                assertThat(opened).hasValue(2);
            }
            await().untilAsserted(() -> assertThat(publish(turn("a:2"))).isZero());
        }

        @Test
        void isRenewedByWhoeverHasHeardThatItIsMade() {
            try (GrantSubscription subscription = subscription()) {
                CompletableFuture<Thread> heard = new CompletableFuture<>();
                subscription.whenReady(
                        () -> {
                            Thread renewing = new Thread(subscription::renew);
                            renewing.start();
                            while (renewing.getState() == Thread.State.RUNNABLE) {
                                Thread.onSpinWait();
                            }
                            heard.complete(renewing);
                        },
                        heard::completeExceptionally);
                heard.join();
                await().untilAsserted(() -> assertThat(notices.texts()).containsExactly("missed"));
                assertThat(opened).hasValue(2);
            }
        }

        @Test
        void thatCannotBeRenewedStaysAsItIs() {
            try (GrantSubscription subscription = subscription()) {
                ready(subscription).join();
                failing.set(2);
                subscription.renew();
                await().until(() -> opened.get() == 2);
                await().during(Duration.ofMillis(500))
                        .untilAsserted(() -> assertThat(publish(turn("a:1"))).isEqualTo(1));
            }
        }

        /** What was lost meanwhile may have come back while its successor was tried. */
        @Test
        void whoseSuccessorIsRefusedGoesOnAndSaysSo() {
            try (GrantSubscription subscription = subscription()) {
                ready(subscription).join();
                refusing.set(true);
                subscription.renew();
                await().untilAsserted(() -> assertThat(notices.texts()).containsExactly("missed"));
                assertThat(opened).hasValue(2);
                assertThat(publish(turn("a:1"))).isEqualTo(1);
                await().untilAsserted(
                                () -> assertThat(notices.texts()).containsExactly("missed", "turn a:1 in PT0.25S"));
            }
        }

        @Test
        void renewedTwiceAtOnceLeavesOneConnection() {
            try (GrantSubscription subscription = subscription()) {
                ready(subscription).join();
                for (int i = 0; i < 5; i++) {
                    subscription.renew();
                }
                await().untilAsserted(() -> assertThat(opened).hasValue(6));
                await().untilAsserted(() -> assertThat(publish(turn("a:1"))).isEqualTo(1));
                await().untilAsserted(() -> assertThat(notices.texts()).contains("missed"));
            }
            await().untilAsserted(() -> assertThat(publish(turn("a:2"))).isZero());
        }

        @Test
        void thatWasLostIsMadeAgainAndSaysSo() {
            try (GrantSubscription subscription = subscription()) {
                ready(subscription).join();
                assertThat(notices.texts()).isEmpty();
                killSubscribers();
                await().untilAsserted(() -> assertThat(notices.texts()).containsExactly("missed"));
                assertThat(publish(turn("a:1"))).isEqualTo(1);
                await().untilAsserted(() -> assertThat(notices.texts()).hasSize(2));
                assertThat(opened).hasValue(1);
            }
        }

        /** Whoever may publish can say anything, an instance of another version among them. */
        @Test
        void goesOnBehindWhatItDoesNotUnderstand() {
            try (GrantSubscription subscription = subscription()) {
                ready(subscription).join();
                ByteArrayOutputStream cutOff = turn("a:1");
                cutOff.writeBytes(numbers(42, 41));
                for (byte[] strange : List.of(new byte[0], "g a:1 42 41 0 0".getBytes(StandardCharsets.UTF_8))) {
                    ByteArrayOutputStream message = new ByteArrayOutputStream();
                    message.writeBytes(strange);
                    publish(message);
                }
                publish(cutOff);
                publish(turn("a:2"));
                await().untilAsserted(() ->
                        assertThat(notices.texts()).containsExactly("turn a:1 in PT0.25S", "turn a:2 in PT0.25S"));
                assertThat(opened).hasValue(1);
            }
        }

        @Test
        void hearsAllThatAMessageSays() {
            try (GrantSubscription subscription = subscription()) {
                ready(subscription).join();
                ByteArrayOutputStream message = status(3, 1_500_000, 1, 0);
                message.writeBytes(numbers(42, 41, 9_000_000, 25_000_000));
                message.writeBytes(text("a:7"));
                message.writeBytes(numbers(43, 41, 0, 0));
                message.writeBytes(text("a:8"));
                message.writeBytes(numbers(0, 250_000, 0, 0));
                message.writeBytes(text("a:9"));
                publish(message);
                await().untilAsserted(() -> assertThat(notices.texts())
                        .containsExactly("granted a:7", "granted a:8", "turn a:9 in PT0.25S"));
                Granted grant = notices.grants().get("a:7");
                assertThat(grant.fence()).isEqualTo(42);
                assertThat(grant.grantedAtMicros()).isEqualTo(41);
                assertThat(grant.leaseMicros()).isEqualTo(9_000_000);
                assertThat(grant.holdMicros()).isEqualTo(25_000_000);
                assertThat(grant.status().queued()).isEqualTo(3);
                assertThat(grant.status().wakeMicros()).isEqualTo(1_500_000);
                assertThat(grant.status().reclaimed()).isZero();
                assertThat(grant.status().limits()).singleElement().satisfies((limit) -> {
                    assertThat(limit.limit()).isEqualTo(ConcurrencyLimit.of(1));
                    assertThat(limit.used()).isEqualTo(1);
                });
            }
        }
    }

    @Nested
    class ABackend {

        private final RecordedNotices toldB = new RecordedNotices();

        @Test
        void subscribesBeforeTheFirstTicketQueues() {
            for (int i = 0; i < 10; i++) {
                RecordedNotices told = new RecordedNotices();
                try (RedisBackend holder = backend("b", this.toldB);
                        RedisBackend waiter = backend("a", told)) {
                    execute(holder, new Acquire("b:held", List.of(1L)));
                    assertThat(execute(waiter, waiting("a:1"))).isInstanceOf(Queued.class);
                    execute(holder, new Release("b:held"));
                    await().pollInterval(Duration.ofMillis(5))
                            .untilAsserted(() -> assertThat(told.texts()).containsExactly("granted a:1"));
                    execute(waiter, new Release("a:1"));
                }
            }
        }

        @Test
        void doesNotSubscribeForThoseWhoDoNotWait() {
            try (RedisBackend backend = backend("a", notices)) {
                execute(backend, new Acquire("a:1", List.of(1L)));
                execute(backend, new Acquire("a:2", List.of(1L)));
                assertThat(publish(turn("a:3"))).isZero();
            }
        }

        @Test
        void hearsOfItsOwnGrantsInTheReply() {
            try (RedisBackend backend = backend("a", notices)) {
                execute(backend, new Acquire("a:1", List.of(1L)));
                execute(backend, waiting("a:2"));
                killSubscribers();
                execute(backend, new Release("a:1"));
                await().untilAsserted(() -> assertThat(notices.grants()).containsKey("a:2"));
            }
        }

        private static Acquire waiting(String ticket) {
            return new Acquire(ticket, List.of(1L), 60_000_000, 0, 1_000);
        }

        private static <R extends Reply> R execute(RedisBackend backend, Operation<R> operation) {
            return backend.execute(SLOT, operation).toCompletableFuture().join();
        }
    }
}
