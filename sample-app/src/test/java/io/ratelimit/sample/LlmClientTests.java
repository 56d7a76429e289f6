package io.ratelimit.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.sample.LlmClient.Prompt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.util.TestSocketUtils;

/**
 * Four instances with 16 callers each ask one model, which counts for itself. By default a run is 12 seconds long; {@code
 * -Dsample.llm-run=1m} makes it longer.
 */
class LlmClientTests {

    private static final int INSTANCES = 4;

    private static final int CALLERS_PER_INSTANCE = 16;

    private static final Duration RUN = DurationStyle.detectAndParse(System.getProperty("sample.llm-run", "12s"));

    private static final Duration WINDOW = RUN.dividedBy(4);

    /** Redis and this machine need not agree on how long a second is: the model's window is shorter by this much. */
    private static final Duration SLACK = Duration.ofMillis(10);

    private static final int WARM_UP_CALLS = 20;

    private static final long REQUESTS = 200;

    private static final long TOKENS = 8_000;

    private static final long MOST_PER_PROMPT = 150;

    /** What all calls that are under way at the end may take above their estimates. */
    private static final long MOST_LAST_DEBTS = 2 * MOST_PER_PROMPT * INSTANCES * CALLERS_PER_INSTANCE;

    private static final int REDIS_PORT = TestSocketUtils.findAvailableTcpPort();

    private static ConfigurableApplicationContext redis;

    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    private final AtomicLong reserved = new AtomicLong();

    @BeforeAll
    static void startRedis() {
        redis = instance("http://localhost:1", "unused");
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    private static ConfigurableApplicationContext instance(String url, String prefix) {
        return new SpringApplicationBuilder(SampleApplication.class)
                .run(
                        "--server.port=0",
                        "--sample.redis-port=" + REDIS_PORT,
                        "--sample.llm-url=" + url,
                        "--ratelimit.key-prefix=" + prefix + ":",
                        "--ratelimit.command-timeout=10s",
                        "--ratelimit.resources.llm.max-wait=5m",
                        "--ratelimit.resources.llm-us.rates.tokens=1000000/1s",
                        "--ratelimit.resources.llm-eu.rates.tokens=1000000/1s",
                        "--ratelimit.resources.llm.rates.requests=" + REQUESTS + "/" + WINDOW,
                        "--ratelimit.resources.llm.rates.tokens.limit=" + TOKENS,
                        "--ratelimit.resources.llm.rates.tokens.window=" + WINDOW);
    }

    @Test
    void estimatesThatAreUpperBoundsAreNeverRefusedAndLeaveNothingUnused() throws Exception {
        FakeLlm.Quota quota = new FakeLlm.Quota(REQUESTS, TOKENS, WINDOW.minus(SLACK));
        LongUnaryOperator atMost = (most) -> ThreadLocalRandom.current().nextLong(most / 2, most + 1);
        try (FakeLlm model = new FakeLlm(quota, atMost)) {
            double windows = run(model, "upper");
            double share = (double) model.tokens() / this.reserved.get();
            double allowed = TOKENS * windows;
            System.out.printf(
                    "Upper bounds, %s: %d calls, %d tokens, %d refused; %.3f of what the estimates allow%n",
                    RUN, model.calls(), model.tokens(), model.refused(), model.tokens() / (allowed * share));
            assertThat(model.refused()).isZero();
            assertThat(this.failures).isEmpty();
            assertThat(model.tokens()).isGreaterThanOrEqualTo((long) (0.95 * allowed * share));
        }
    }

    @Test
    void whatWasEstimatedTooLowIsPaidByThoseWhoComeLater() throws Exception {
        FakeLlm.Quota none = new FakeLlm.Quota(Integer.MAX_VALUE, Integer.MAX_VALUE, WINDOW);
        LongUnaryOperator anything = (most) -> ThreadLocalRandom.current().nextLong(0, 3 * most + 1);
        try (FakeLlm model = new FakeLlm(none, anything)) {
            double windows = run(model, "debt") + 1;
            System.out.printf(
                    "Anything, %s: %d calls, %d tokens, %.3f of the quota%n",
                    RUN, model.calls(), model.tokens(), model.tokens() / (TOKENS * windows));
            assertThat(this.failures).isEmpty();
            assertThat(model.tokens()).isLessThanOrEqualTo((long) (TOKENS * windows) + MOST_LAST_DEBTS);
        }
    }

    /** Asks for the time of a run, and until whoever waits then has been served; returns how many windows that was. */
    private double run(FakeLlm model, String prefix) throws InterruptedException {
        List<ConfigurableApplicationContext> instances = IntStream.range(0, INSTANCES)
                .mapToObj((i) -> instance(model.url(), prefix))
                .toList();
        try {
            warmUp(model, instances);
            long startNanos = System.nanoTime();
            long endNanos = startNanos + RUN.toNanos();
            call(instances, (client) -> {
                while (System.nanoTime() - endNanos < 0) {
                    Prompt prompt = prompt();
                    assertThat(client.ask(prompt).tokens()).isNotNegative();
                    this.reserved.addAndGet(prompt.mostTokens());
                }
            });
            return (System.nanoTime() - startNanos) / (double) WINDOW.toNanos();
        } finally {
            instances.forEach(ConfigurableApplicationContext::close);
        }
    }

    /** A cold application would leave much of the first window unused. */
    private void warmUp(FakeLlm model, List<ConfigurableApplicationContext> instances) throws InterruptedException {
        model.counts(false);
        call(instances, (client) -> {
            for (int i = 0; i < WARM_UP_CALLS; i++) {
                client.askInARegion(prompt());
            }
        });
        model.counts(true);
    }

    private void call(List<ConfigurableApplicationContext> instances, Consumer<LlmClient> work)
            throws InterruptedException {
        List<Thread> callers = new ArrayList<>();
        for (ConfigurableApplicationContext instance : instances) {
            LlmClient client = instance.getBean(LlmClient.class);
            for (int i = 0; i < CALLERS_PER_INSTANCE; i++) {
                Thread caller = new Thread(() -> {
                    try {
                        work.accept(client);
                    } catch (RuntimeException | AssertionError ex) {
                        this.failures.add(ex);
                    }
                });
                caller.start();
                callers.add(caller);
            }
        }
        for (Thread caller : callers) {
            caller.join();
        }
    }

    private static Prompt prompt() {
        return new Prompt("why?", ThreadLocalRandom.current().nextLong(50, MOST_PER_PROMPT + 1));
    }
}
