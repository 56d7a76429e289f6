package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.Permit;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A thousand threads that wait, of the platform and, on Java 21 and newer, virtual.
 */
class WaitingThreadsTests extends WaitingEngines {

    private static final int CALLERS = 1_000;

    static Stream<ExecutorService> callers() throws ReflectiveOperationException {
        ThreadFactory platform = (task) -> {
            Thread thread = new Thread(null, task, "caller", 1 << 16);
            thread.setDaemon(true);
            return thread;
        };
        Stream<ExecutorService> executors = Stream.of(Executors.newCachedThreadPool(platform));
        if (Runtime.version().feature() < 21) {
            return executors;
        }
        ExecutorService virtual = (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        return Stream.concat(executors, Stream.of(virtual));
    }

    @ParameterizedTest
    @MethodSource("callers")
    void needNoThreadOfOursAndNoCallsAndTakeTurns(ExecutorService callers) {
        Permit before = there.acquire("slot");
        ConcurrentLinkedQueue<Long> fences = new ConcurrentLinkedQueue<>();
        AtomicInteger inside = new AtomicInteger();
        Set<Thread> threadsBefore = threadsOfOurs();
        for (int i = 0; i < CALLERS; i++) {
            callers.execute(() -> {
                try (Permit permit = here.acquire("slot")) {
                    assertThat(inside.incrementAndGet()).isEqualTo(1);
                    fences.add(permit.fencingToken());
                    inside.decrementAndGet();
                }
            });
        }
        await().until(() -> snapshot("slot").queued() == CALLERS);
        assertThat(threadsOfOurs()).hasSizeLessThanOrEqualTo(threadsBefore.size() + 2); // a timer for each engine
        int calls = backend.calls();
        await().during(Duration.ofMillis(300)).until(() -> backend.calls() == calls);
        before.close();
        await().until(() -> fences.size() == CALLERS);
        await().untilAsserted(() -> isFree("slot"));
        assertThat(List.copyOf(fences)).isSorted().doesNotHaveDuplicates();
        callers.shutdown();
    }

    private static Set<Thread> threadsOfOurs() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter((thread) -> thread.getName().startsWith("ratelimit-heartbeat"))
                .collect(Collectors.toSet());
    }
}
