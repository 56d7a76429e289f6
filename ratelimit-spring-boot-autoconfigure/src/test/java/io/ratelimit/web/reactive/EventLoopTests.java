package io.ratelimit.web.reactive;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitOperations;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.autoconfigure.web.RateLimitWebFluxAutoConfiguration;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.lang.management.ManagementFactory;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.http.codec.autoconfigure.CodecsAutoConfiguration;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.HttpHandlerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;

/** Many subscribers of a WebFlux application that wait for few slots. */
@WithRedis
class EventLoopTests {

    private static final int SLOTS = 10;

    private final LoopResources loops = LoopResources.create("test-loop", 1, true);

    @AfterEach
    void disposeLoops() {
        this.loops.dispose();
    }

    @Test
    void tenThousandAreServedInOrderOnTheirEventLoopWithoutAThreadForAny() throws InterruptedException {
        Seen seen = serve(10_000, "ratelimit.backend=memory");
        assertThat(seen.started)
                .containsExactlyElementsOf(IntStream.range(0, 10_000).boxed().toList());
    }

    @Test
    void aThousandThatWaitInRedisAreServedLikewise() throws InterruptedException {
        RedisServer redis = RedisServer.shared();
        Seen seen = serve(
                1_000,
                "ratelimit.backend=redis",
                "ratelimit.command-timeout=1m",
                "spring.data.redis.host=127.0.0.1",
                "spring.data.redis.port=" + redis.port());
        assertThat(seen.started)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 1_000).boxed().toList());
    }

    private Seen serve(int subscribers, String... properties) throws InterruptedException {
        try (ConfigurableApplicationContext context = start(subscribers, properties)) {
            Jobs jobs = context.getBean(Jobs.class);
            Seen seen = context.getBean(Seen.class);
            LimitOperations operations = context.getBean(LimitOperations.class);
            CountDownLatch done = new CountDownLatch(subscribers);
            operations.inspect("jobs", null).join();
            int threadsBefore = threads();
            this.loops.onServer(false).next().execute(() -> {
                for (int i = 0; i < subscribers; i++) {
                    jobs.job(i).subscribe((value) -> {}, seen.failures::add, done::countDown);
                }
            });
            Awaitility.await().untilAsserted(() -> {
                assertThat(seen.failures).isEmpty();
                PartitionSnapshot snapshot = operations.inspect("jobs", null).join();
                assertThat(snapshot.holderCount()).isEqualTo(SLOTS);
                assertThat(snapshot.queued()).isEqualTo(subscribers - SLOTS);
            });
            assertThat(threads() - threadsBefore).isLessThan(50);

            seen.begin.tryEmitEmpty();
            assertThat(done.await(2, TimeUnit.MINUTES)).isTrue();
            assertThat(seen.failures).isEmpty();
            assertThat(seen.threads).allMatch((name) -> name.startsWith("test-loop"));
            assertThat(seen.most.get()).isEqualTo(SLOTS);
            Awaitility.await()
                    .untilAsserted(() -> assertThat(
                                    operations.inspect("jobs", null).join().holderCount())
                            .isZero());
            return seen;
        }
    }

    private static int threads() {
        return ManagementFactory.getThreadMXBean().getThreadCount();
    }

    private static ConfigurableApplicationContext start(int subscribers, String... properties) {
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.REACTIVE)
                .properties(
                        "server.port=0",
                        "ratelimit.resources.jobs.concurrency=" + SLOTS,
                        "ratelimit.resources.jobs.policy=block",
                        "ratelimit.resources.jobs.max-wait=5m",
                        "ratelimit.resources.jobs.max-queue=" + subscribers)
                .properties(properties)
                .run();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({
        DataRedisAutoConfiguration.class,
        NettyReactiveWebServerAutoConfiguration.class,
        HttpHandlerAutoConfiguration.class,
        CodecsAutoConfiguration.class,
        WebFluxAutoConfiguration.class,
        RateLimitAutoConfiguration.class,
        RateLimitWebFluxAutoConfiguration.class
    })
    @Import({Jobs.class, Seen.class})
    static class Application {}

    static class Jobs {

        private final Seen seen;

        Jobs(Seen seen) {
            this.seen = seen;
        }

        @ConcurrencyLimited("jobs")
        Mono<Integer> job(int number) {
            this.seen.started.add(number);
            this.seen.threads.add(Thread.currentThread().getName());
            return this.seen
                    .begin
                    .asMono()
                    .then(Mono.fromCallable(
                            () -> this.seen.most.accumulateAndGet(this.seen.running.incrementAndGet(), Math::max)))
                    .publishOn(Schedulers.parallel())
                    .doOnTerminate(this.seen.running::decrementAndGet);
        }
    }

    static class Seen {

        private final Sinks.Empty<Void> begin = Sinks.empty();

        private final Queue<Integer> started = new ConcurrentLinkedQueue<>();

        private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

        private final Set<String> threads = ConcurrentHashMap.newKeySet();

        private final AtomicInteger running = new AtomicInteger();

        private final AtomicInteger most = new AtomicInteger();
    }
}
