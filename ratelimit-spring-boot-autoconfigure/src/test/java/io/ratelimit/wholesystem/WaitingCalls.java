package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Limiter;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.Permit;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Calls that wait, from the annotation to the wire. Subclasses say which backend there is. */
@SpringBootTest(
        classes = WaitingCalls.Application.class,
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "management.endpoints.web.exposure.include=limits",
            "ratelimit.on-backend-failure=reject",
            "ratelimit.command-timeout=5s",
            "ratelimit.resources.desk.concurrency=1",
            "ratelimit.resources.desk.policy=block",
            "ratelimit.resources.desk.max-wait=1m",
            "ratelimit.resources.narrow.concurrency=1",
            "ratelimit.resources.narrow.policy=block",
            "ratelimit.resources.narrow.max-wait=1m",
            "ratelimit.resources.narrow.max-queue=1",
            "ratelimit.resources.rejecting.concurrency=1",
            "ratelimit.resources.observing.concurrency=1",
            "ratelimit.resources.observing.policy=observe",
            "ratelimit.resources.pool.rate=100/1m",
            "ratelimit.resources.pool.concurrency=1",
            "ratelimit.resources.pool.policy=block",
            "ratelimit.resources.pool.max-wait=1m",
            "ratelimit.resources.ticks.rate=2/1s",
            "ratelimit.resources.ticks.policy=block",
            "ratelimit.resources.ticks.max-wait=1m"
        })
abstract class WaitingCalls {

    private final HttpClient http = HttpClient.newHttpClient();

    private final List<Permit> permits = new CopyOnWriteArrayList<>();

    private final List<CompletableFuture<?>> waiting = new ArrayList<>();

    @LocalServerPort
    private int port;

    @Autowired
    private Limiter limiter;

    @Autowired
    private LimitOperations operations;

    @Autowired
    private MeterRegistry meters;

    @Autowired
    private Desk desk;

    @AfterEach
    void leaveNothingBehind() {
        this.waiting.forEach((future) -> future.cancel(true));
        this.permits.forEach(Permit::close);
        for (String resource : List.of("desk", "narrow", "rejecting", "observing", "pool")) {
            await().untilAsserted(() -> assertThat(look(resource))
                    .extracting(PartitionSnapshot::queued, PartitionSnapshot::holderCount)
                    .as(resource)
                    .containsExactly(0L, 0L));
        }
        this.desk.served().clear();
    }

    @Test
    void aCallIsAnsweredOnceItIsItsTurn() {
        Permit held = hold("desk");
        CompletableFuture<HttpResponse<String>> call = get("/work/anna");
        awaitQueued("desk", 1);
        assertThat(call).isNotDone();

        held.close();

        assertThat(call.join().statusCode()).isEqualTo(200);
        assertThat(call.join().headers().firstValue("RateLimit")).contains("\"desk\";r=0");
    }

    @Test
    void callsAreServedInTheOrderInWhichTheyCame() {
        Permit held = hold("desk");
        List<CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
        for (String name : List.of("anna", "bert", "carl")) {
            calls.add(get("/work/" + name));
            awaitQueued("desk", calls.size());
        }

        held.close();
        calls.forEach(CompletableFuture::join);

        assertThat(this.desk.served()).containsExactly("anna", "bert", "carl");
    }

    @Test
    void aCallOfAHigherPriorityGoesFirst() {
        Permit held = hold("desk");
        CompletableFuture<?> plain = get("/work/anna");
        awaitQueued("desk", 1);
        CompletableFuture<?> urgent = get("/urgent/bert");
        awaitQueued("desk", 2);

        held.close();
        CompletableFuture.allOf(plain, urgent).join();

        assertThat(this.desk.served()).containsExactly("bert", "anna");
    }

    @Test
    void aWaitThatRunsOutIsA429() {
        long timeouts = answers("desk", "timeout");
        hold("desk");

        HttpResponse<String> refused = get("/hurried/anna").join();

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValueAsLong("Retry-After").orElseThrow())
                .isPositive();
        assertThat(refused.body())
                .contains("\"detail\":\"The wait for the concurrency limit 'desk' was in vain. Retry in ")
                .contains("\"violated-policies\":[\"desk\"]");
        assertThat(this.desk.served()).isEmpty();
        assertThat(look("desk").queued()).isZero();
        awaitAnswers("desk", "timeout", timeouts + 1);
    }

    @Test
    void aWaitThatRunsOutIsAnsweredByTheFallback() {
        hold("desk");
        assertThat(get("/fallback/anna").join().body()).isEqualTo("anna comes again, timed out: true");
    }

    @Test
    void aFullQueueRefusesAtOnce() {
        long rejected = answers("narrow", "rejected");
        hold("narrow");
        queue(LimitRequest.of("narrow"));

        assertThatExceptionOfType(LimitExceededException.class)
                .isThrownBy(() -> this.limiter.acquire("narrow"))
                .satisfies((refusal) -> assertThat(refusal.timedOut()).isFalse());
        awaitAnswers("narrow", "rejected", rejected + 1);
    }

    @Test
    void theEndpointAndTheMetersShowWhoWaits() {
        Permit held = hold("desk");
        CompletableFuture<Permit> first = queue(LimitRequest.of("desk").priority(-1));
        CompletableFuture<?> second = get("/urgent/anna");
        awaitQueued("desk", 2);

        Map<String, Object> usage = usage(json("/actuator/limits/desk"));
        assertThat(usage).containsEntry("queueSize", 2).containsEntry("holderCount", 1);
        List<Map<String, Object>> queue = list(usage.get("queue"));
        assertThat(queue).extracting("position").containsExactly(1, 2);
        assertThat(queue).extracting("priority").containsExactly(100, -1);
        assertThat(queue).extracting("amounts").containsOnly(Map.of("default", 1));
        assertThat(queue).extracting("instance").containsOnly(this.operations.instance());
        assertThat(queue).allSatisfy((waiter) -> {
            assertThat(waiter).containsOnlyKeys("position", "ticket", "instance", "priority", "amounts", "waited");
            assertThat(Duration.parse(String.valueOf(waiter.get("waited")))).isPositive();
        });
        assertThat(usage(
                        object(object(json("/actuator/limits").get("resources")).get("desk"))))
                .containsEntry("queueSize", 2)
                .doesNotContainKey("queue");
        await().untilAsserted(() -> assertThat(queueSize("desk")).isEqualTo(2));

        held.close();
        second.join();
        this.permits.add(first.join());
        await().untilAsserted(() -> assertThat(queueSize("desk")).isZero());
    }

    @Test
    void whoWaitsChargesAndHoldsNothing() {
        hold("pool");
        List<LimitStatus> before = look("pool").limits();
        CompletableFuture<?> call = get("/both/anna");
        awaitQueued("pool", 1);

        assertThat(look("pool").limits())
                .extracting(LimitStatus::used)
                .containsExactlyElementsOf(
                        before.stream().map(LimitStatus::used).toList());

        this.permits.forEach(Permit::close);
        call.join();
        assertThat(look("pool").limits())
                .filteredOn((status) -> status.limit().kind() == LimitKind.RATE)
                .extracting(LimitStatus::used)
                .containsExactly(before.get(0).used() + 1);
    }

    @Test
    void tryAcquireNeverWaits() {
        hold("desk");
        assertThat(this.limiter.tryAcquire(LimitRequest.of("desk").maxWait(Duration.ofMinutes(1))))
                .isEmpty();
        assertThat(look("desk").queued()).isZero();
    }

    @Test
    void aWaitOfZeroIsNone() {
        hold("desk");
        assertThatExceptionOfType(LimitExceededException.class)
                .isThrownBy(() -> this.limiter.acquire(LimitRequest.of("desk").maxWait(Duration.ZERO)))
                .satisfies((refusal) -> assertThat(refusal.timedOut()).isFalse());
    }

    @Test
    void aMaxWaitMakesACallWaitForAResourceThatRejects() {
        Permit held = hold("rejecting");
        assertThatExceptionOfType(LimitExceededException.class).isThrownBy(() -> this.limiter.acquire("rejecting"));
        CompletableFuture<Permit> waits = queue(LimitRequest.of("rejecting").maxWait(Duration.ofMinutes(1)));

        held.close();

        this.permits.add(waits.join());
    }

    @Test
    void nobodyWaitsForAResourceThatObserves() {
        long observed = answers("observing", "observed");
        hold("observing");

        this.permits.add(this.limiter.acquire(LimitRequest.of("observing").maxWait(Duration.ofMinutes(1))));

        awaitAnswers("observing", "observed", observed + 1);
    }

    @Test
    void blockingWithoutAnEndIsAnError() {
        LimitRequest endless = LimitRequest.of("rejecting").policy(LimitPolicy.BLOCK);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> this.limiter.acquire(endless))
                .withMessageContaining("'rejecting'");
        assertThat(this.limiter.acquireAsync(endless))
                .failsWithin(Duration.ofSeconds(10))
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void cancellingLeavesTheQueue() {
        long cancelled = answers("desk", "cancelled");
        Permit held = hold("desk");
        CompletableFuture<Permit> waits = queue(LimitRequest.of("desk"));

        waits.cancel(false);

        awaitQueued("desk", 0);
        awaitAnswers("desk", "cancelled", cancelled + 1);
        held.close();
        await().untilAsserted(() -> assertThat(look("desk").holderCount()).isZero());
    }

    @Test
    void anInterruptLeavesTheQueue() throws Exception {
        hold("desk");
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            try (Permit permit = this.limiter.acquire("desk")) {
                throw new AssertionError("granted " + permit);
            } catch (CancellationException ex) {
                return Thread.currentThread().isInterrupted();
            }
        });
        Thread thread = new Thread(task, "waiting");
        thread.start();
        awaitQueued("desk", 1);

        thread.interrupt();

        assertThat(task.get()).isTrue();
        awaitQueued("desk", 0);
    }

    @Test
    void severalResourcesAreWaitedForInTheirOrder() {
        Permit held = hold("narrow");
        CompletableFuture<List<Permit>> both =
                this.limiter.acquireAllAsync(List.of(LimitRequest.of("desk"), LimitRequest.of("narrow")));
        this.waiting.add(both);
        awaitQueued("narrow", 1);
        assertThat(look("desk").holderCount()).isEqualTo(1);

        held.close();

        this.permits.addAll(both.join());
        assertThat(both.join()).extracting(Permit::resource).containsExactly("desk", "narrow");
    }

    @Test
    void aRateIsWaitedForToo() throws ExecutionException, InterruptedException {
        long startNanos = System.nanoTime();
        List<CompletableFuture<Permit>> five = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            five.add(this.limiter.acquireAsync(LimitRequest.of("ticks")));
        }
        this.waiting.addAll(five);

        for (CompletableFuture<Permit> permit : five) {
            permit.get().close();
        }

        assertThat(Duration.ofNanos(System.nanoTime() - startNanos)).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
    }

    private Permit hold(String resource) {
        Permit permit = this.limiter.acquire(resource);
        this.permits.add(permit);
        return permit;
    }

    private CompletableFuture<Permit> queue(LimitRequest request) {
        long before = look(request.resource()).queued();
        CompletableFuture<Permit> future = this.limiter.acquireAsync(request);
        this.waiting.add(future);
        awaitQueued(request.resource(), before + 1);
        return future;
    }

    private void awaitQueued(String resource, long calls) {
        await().untilAsserted(() -> assertThat(look(resource).queued()).isEqualTo(calls));
    }

    private PartitionSnapshot look(String resource) {
        return this.operations.inspect(resource, null).join();
    }

    private long answers(String resource, String outcome) {
        return this.meters
                .get("ratelimit.acquire")
                .tag("resource", resource)
                .tag("outcome", outcome)
                .timer()
                .count();
    }

    /** Whoever asks has the answer before the meters do. */
    private void awaitAnswers(String resource, String outcome, long count) {
        await().untilAsserted(() -> assertThat(answers(resource, outcome)).isEqualTo(count));
    }

    private double queueSize(String resource) {
        return this.meters
                .get("ratelimit.queue.size")
                .tag("resource", resource)
                .gauge()
                .value();
    }

    private CompletableFuture<HttpResponse<String>> get(String path) {
        URI uri = URI.create("http://localhost:%d%s".formatted(this.port, path));
        return this.http.sendAsync(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    private Map<String, Object> json(String path) {
        return JsonParserFactory.getJsonParser().parseMap(get(path).join().body());
    }

    private static Map<String, Object> usage(Map<String, Object> resource) {
        return object(resource.get("usage"));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object json) {
        return (Map<String, Object>) json;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> list(Object json) {
        return (List<Map<String, Object>>) json;
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Desk.class)
    static class Application {}

    /** Serves one at a time, and remembers whom. */
    @RestController
    static class Desk {

        private final List<String> served = new CopyOnWriteArrayList<>();

        public List<String> served() {
            return this.served;
        }

        @GetMapping("/work/{name}")
        @ConcurrencyLimited("desk")
        public String work(@PathVariable String name) {
            this.served.add(name);
            return name;
        }

        @GetMapping("/urgent/{name}")
        @ConcurrencyLimited(name = "desk", priority = 100)
        public String urgent(@PathVariable String name) {
            this.served.add(name);
            return name;
        }

        @GetMapping("/hurried/{name}")
        @ConcurrencyLimited(name = "desk", maxWait = "300ms")
        public String hurried(@PathVariable String name) {
            this.served.add(name);
            return name;
        }

        @GetMapping("/fallback/{name}")
        @ConcurrencyLimited(name = "desk", maxWait = "300ms", fallbackMethod = "again")
        public String fallback(@PathVariable String name) {
            this.served.add(name);
            return name;
        }

        private String again(String name, LimitExceededException refusal) {
            return "%s comes again, timed out: %s".formatted(name, refusal.timedOut());
        }

        @GetMapping("/both/{name}")
        @RateLimited("pool")
        @ConcurrencyLimited("pool")
        public String both(@PathVariable String name) {
            return name;
        }
    }
}
