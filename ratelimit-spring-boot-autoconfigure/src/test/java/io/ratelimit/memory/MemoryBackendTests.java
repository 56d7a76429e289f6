package io.ratelimit.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.LimitBackendContract;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Granted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MemoryBackendTests extends LimitBackendContract {

    private final MemoryBackend backend = new MemoryBackend(this.clock);

    @Override
    protected LimitBackend backend(String instance) {
        return this.backend;
    }

    @Test
    void dropsPartitionsThatAreAsIfNew() {
        Limit rate = RateLimit.of(5, Duration.ofSeconds(1));
        for (int i = 0; i < 1_000; i++) {
            this.backend.execute(keyed("user" + i, rate), new Acquire("t" + i, List.of(1L)));
        }
        assertThat(this.backend.partitions()).isEqualTo(1_000);
        this.clock.advance(Duration.ofMillis(1_001));
        this.backend.heartbeat("instance", Duration.ofSeconds(10));
        assertThat(this.backend.partitions()).isZero();
    }

    @Test
    void keepsPartitionsThatHoldSlots() {
        Limit slots = ConcurrencyLimit.of(5);
        this.backend.execute(keyed("user", slots), new Acquire("t", List.of(1L)));
        this.clock.advance(Duration.ofSeconds(9));
        this.backend.heartbeat("instance", Duration.ofSeconds(10));
        assertThat(this.backend.partitions()).isEqualTo(1);
    }

    @Test
    void keepsNothingForKeysThatAreOnlyLookedAt() {
        Limit slots = ConcurrencyLimit.of(5);
        this.backend.execute(keyed("user", slots), new Inspect(10));
        this.backend.execute(keyed("user", slots), new Release("unknown"));
        assertThat(this.backend.partitions()).isZero();
    }

    @Test
    void keepsPartitionsWhoseTicketsBelongToALiveInstance() {
        Limit rate = RateLimit.of(5, Duration.ofMillis(1));
        this.backend.execute(keyed("user", rate), new Acquire("t", List.of(5L)));
        this.backend.execute(keyed("user", rate), waiting("a:1"));
        this.clock.advance(Duration.ofSeconds(9));
        this.backend.heartbeat("instance", Duration.ofSeconds(10));
        assertThat(this.backend.partitions()).isEqualTo(1);
        this.clock.advance(Duration.ofMillis(1_001));
        this.backend.heartbeat("instance", Duration.ofSeconds(10));
        assertThat(this.backend.partitions()).isZero();
    }

    @Nested
    class Delivery {

        private final Partition slot = keyed("user", ConcurrencyLimit.of(1));

        private final List<String> events = new ArrayList<>();

        @Test
        void doesNotGrowTheStackHoweverLongAChainOfGrantsIs() {
            AtomicInteger granted = new AtomicInteger();
            backend.listen("a", listener((ticket, grant) -> {
                granted.incrementAndGet();
                backend.execute(this.slot, new Release(ticket));
            }));
            backend.execute(this.slot, new Acquire("first", List.of(1L)));
            for (int i = 0; i < 100_000; i++) {
                backend.execute(this.slot, waiting("a:" + i));
            }
            backend.execute(this.slot, new Release("first"));
            assertThat(granted).hasValue(100_000);
        }

        @Test
        void isNeverWithinAnotherDelivery() {
            backend.listen("a", listener((ticket, grant) -> {
                this.events.add("begin " + ticket);
                backend.execute(this.slot, new Release(ticket));
                this.events.add("end " + ticket);
            }));
            queueTwo();
            backend.execute(this.slot, new Release("first"));
            assertThat(this.events).containsExactly("begin a:1", "end a:1", "begin a:2", "end a:2");
        }

        @Test
        void goesOnAfterAListenerThatFails() {
            backend.listen("a", listener((ticket, grant) -> {
                this.events.add(ticket);
                throw new IllegalStateException("on purpose");
            }));
            queueTwo();
            backend.execute(this.slot, new Release("first"));
            backend.execute(this.slot, new Release("a:1"));
            assertThat(this.events).containsExactly("a:1", "a:2");
        }

        @Test
        void isOutsideTheLockOfThePartition() throws Exception {
            CountDownLatch told = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            backend.listen("a", listener((ticket, grant) -> {
                told.countDown();
                awaitQuietly(goOn);
            }));
            queueTwo();
            Thread releasing = new Thread(() -> backend.execute(this.slot, new Release("first")));
            releasing.start();
            assertThat(told.await(1, TimeUnit.MINUTES)).isTrue();
            assertThat(backend.execute(this.slot, new Inspect(10))
                            .toCompletableFuture()
                            .get(1, TimeUnit.MINUTES)
                            .waiters())
                    .hasSize(1);
            goOn.countDown();
            releasing.join(10_000);
            assertThat(releasing.isAlive()).isFalse();
        }

        @Test
        void isInTheOrderOfTheGrantsOfManyThreads() throws Exception {
            Partition slots = keyed("many", ConcurrencyLimit.of(4));
            List<Long> fences = new ArrayList<>();
            backend.listen("a", listener((ticket, grant) -> fences.add(grant.fence())));
            List<String> permits = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                permits.add("p" + i);
                backend.execute(slots, new Acquire("p" + i, List.of(1L)));
            }
            for (int i = 0; i < 2_000; i++) {
                backend.execute(slots, waiting("a:" + i));
            }
            List<Thread> threads = new ArrayList<>();
            for (String permit : permits) {
                threads.add(new Thread(() -> {
                    backend.execute(slots, new Release(permit));
                    for (int i = 0; i < 2_000; i++) {
                        backend.execute(slots, new Release("a:" + i));
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join(20_000);
            }
            for (int i = 0; i < 2_000; i++) {
                backend.execute(slots, new Release("a:" + i));
            }
            assertThat(fences).hasSize(2_000).isSorted().doesNotHaveDuplicates();
        }

        private void queueTwo() {
            backend.execute(this.slot, new Acquire("first", List.of(1L)));
            backend.execute(this.slot, waiting("a:1"));
            backend.execute(this.slot, waiting("a:2"));
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private static GrantListener listener(BiConsumer<String, Granted> onGranted) {
        return new GrantListener() {

            @Override
            public void granted(String ticket, Granted grant) {
                onGranted.accept(ticket, grant);
            }

            @Override
            public void turn(String ticket, Duration wait) {}

            @Override
            public void missed() {}
        };
    }

    private static Acquire waiting(String ticket) {
        return new Acquire(ticket, List.of(1L), 60_000_000, 0, 200_000);
    }

    private static Partition keyed(String key, Limit limit) {
        return new Partition("resource", key, List.of(limit), 1, Duration.ofSeconds(10));
    }
}
