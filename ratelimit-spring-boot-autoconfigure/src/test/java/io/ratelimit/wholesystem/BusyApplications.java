package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.Permit;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * Two applications in this JVM, each with threads that wait for a slot of the resource {@code pool}, hold it for a moment and give it back,
 * again and again. Whoever holds slots is counted here, past Redis.
 */
final class BusyApplications implements AutoCloseable {

    static final String PREFIX = "busy:";

    static final int SLOTS = 4;

    private static final int THREADS_EACH = 8;

    private final List<ConfigurableApplicationContext> applications;

    private final List<Thread> threads = new ArrayList<>();

    private final Set<Long> fencingTokens = ConcurrentHashMap.newKeySet();

    private final AtomicInteger inUse = new AtomicInteger();

    private final AtomicInteger mostInUse = new AtomicInteger();

    private final List<AtomicLong> granted = List.of(new AtomicLong(), new AtomicLong());

    private final AtomicLong unavailable = new AtomicLong();

    private final AtomicLong refused = new AtomicLong();

    private final AtomicLong repeatedTokens = new AtomicLong();

    private volatile boolean stopping;

    /** Starts two that reach Redis as the properties say. */
    BusyApplications(String... properties) {
        this.applications = Stream.of(0, 1).map((number) -> start(properties)).toList();
    }

    private static ConfigurableApplicationContext start(String... properties) {
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.NONE)
                .properties(
                        "spring.main.banner-mode=off",
                        "ratelimit.key-prefix=" + PREFIX,
                        "ratelimit.on-backend-failure=reject",
                        "ratelimit.resources.pool.concurrency=" + SLOTS,
                        "ratelimit.resources.pool.policy=block",
                        "ratelimit.resources.pool.max-wait=1m",
                        "ratelimit.resources.api.rate=1000/1m")
                .properties(properties)
                .run();
    }

    /** Begins. */
    BusyApplications busy() {
        for (int application = 0; application < 2; application++) {
            Limiter limiter = limiter(application);
            AtomicLong count = this.granted.get(application);
            for (int i = 0; i < THREADS_EACH; i++) {
                Thread thread = new Thread(() -> workOn(limiter, count), "busy");
                thread.start();
                this.threads.add(thread);
            }
        }
        return this;
    }

    private void workOn(Limiter limiter, AtomicLong count) {
        while (!this.stopping) {
            try (Permit permit = limiter.acquire("pool")) {
                int now = this.inUse.incrementAndGet();
                this.mostInUse.accumulateAndGet(now, Math::max);
                if (!this.fencingTokens.add(permit.fencingToken())) {
                    this.repeatedTokens.incrementAndGet();
                }
                count.incrementAndGet();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1)); // work
                this.inUse.decrementAndGet();
            } catch (BackendUnavailableException ex) {
                this.unavailable.incrementAndGet();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)); // a client that comes again, not a busy loop
            } catch (LimitExceededException ex) {
                this.refused.incrementAndGet();
            }
        }
    }

    Limiter limiter(int application) {
        return this.applications.get(application).getBean(Limiter.class);
    }

    LimitOperations operations(int application) {
        return this.applications.get(application).getBean(LimitOperations.class);
    }

    /** Waits until each application was granted so many more. */
    void awaitMoreGranted(int count) {
        List<Long> before = this.granted.stream().map(AtomicLong::get).toList();
        Awaiting.until(
                count + " more grants each",
                () -> this.granted.get(0).get() >= before.get(0) + count
                        && this.granted.get(1).get() >= before.get(1) + count,
                this::toString);
    }

    /** Stops the work, after which nothing is held and nobody waits. */
    void calmDown() {
        this.stopping = true;
        for (Thread thread : this.threads) {
            try {
                thread.join(TimeUnit.MINUTES.toMillis(2));
            } catch (InterruptedException ex) {
                throw new IllegalStateException(ex);
            }
            assertThat(thread.isAlive()).as("a thread that still works").isFalse();
        }
        Awaiting.until("nothing held, nobody waiting", () -> isQuiet(snapshot()), () -> snapshot() + ", " + this);
    }

    private PartitionSnapshot snapshot() {
        return operations(0).inspect("pool", null).join();
    }

    private static boolean isQuiet(PartitionSnapshot snapshot) {
        return snapshot.holders().isEmpty() && snapshot.queued() == 0;
    }

    /** Asserts that exactly so many slots as there are can be had, by both. */
    void assertThatAllSlotsAreThere() {
        List<Permit> permits = new ArrayList<>();
        for (int i = 0; i < SLOTS; i++) {
            permits.add(limiter(i % 2)
                    .tryAcquire(LimitRequest.of("pool"))
                    .orElseThrow(() -> new AssertionError("a slot has leaked: " + snapshot())));
        }
        assertThat(limiter(0).tryAcquire(LimitRequest.of("pool"))).isEmpty();
        assertThat(limiter(1).tryAcquire(LimitRequest.of("pool"))).isEmpty();
        permits.forEach(Permit::close);
        Awaiting.until("nothing held", () -> isQuiet(snapshot()), this::snapshot);
    }

    /** How many slots were in use at most. */
    int mostInUse() {
        return this.mostInUse.get();
    }

    /** How many calls could not ask Redis. */
    long unavailable() {
        return this.unavailable.get();
    }

    /** How many calls were refused, which all have time to wait. */
    long refused() {
        return this.refused.get();
    }

    /** How many permits had the fencing token of another. */
    long repeatedTokens() {
        return this.repeatedTokens.get();
    }

    @Override
    public String toString() {
        return "granted %s, at most %d in use, %d unavailable, %d refused"
                .formatted(this.granted, mostInUse(), unavailable(), refused());
    }

    @Override
    public void close() {
        this.stopping = true;
        this.applications.forEach(ConfigurableApplicationContext::close);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({DataRedisAutoConfiguration.class, RateLimitAutoConfiguration.class})
    static class Application {}
}
