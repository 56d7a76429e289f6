package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import io.ratelimit.wholesystem.Event.Occurrence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Two JVMs on one Redis share one limit.
 */
@WithRedis
class TwoJvmsTests {

    private static final long SECOND_MICROS = 1_000_000;

    @Test
    void neverAdmitMoreThanTheRateInAnyWindowAndUseItUp(RedisServer redis) {
        int seconds = 10;
        List<Long> admitted = run(redis, "rate", 4, seconds).stream()
                .filter((occurrence) -> occurrence.event() == Event.GRANTED)
                .map(Occurrence::fence)
                .sorted()
                .toList();
        int most = 0;
        for (int first = 0, last = 0; last < admitted.size(); last++) {
            while (admitted.get(last) - admitted.get(first) > SECOND_MICROS) {
                first++;
            }
            most = Math.max(most, last - first + 1);
        }
        long spanMicros = admitted.get(admitted.size() - 1) - admitted.get(0);
        double allowed = 100.0 * (1 + Math.floor((double) spanMicros / SECOND_MICROS));
        System.out.printf(
                "Rate of 100/s, two JVMs, %d s: %d admitted of %.0f allowed, at most %d in any second%n",
                seconds, admitted.size(), allowed, most);
        assertThat(most).isEqualTo(100);
        assertThat(admitted.size()).isBetween((int) (0.97 * allowed), (int) allowed);
    }

    @Test
    void neverHoldMoreThanTheSlots(RedisServer redis) {
        List<Occurrence> history = run(redis, "slots", 8, 5);
        int held = 0;
        int most = 0;
        for (Occurrence occurrence : history) {
            held += (occurrence.event() == Event.GRANTED) ? 1 : (occurrence.event() == Event.CLOSING) ? -1 : 0;
            most = Math.max(most, held);
        }
        assertThat(most).isEqualTo(5);
        assertThat(held).isZero();
        assertThat(history.stream()
                        .filter((occurrence) -> occurrence.event() == Event.GRANTED)
                        .map(Occurrence::fence))
                .doesNotHaveDuplicates()
                .hasSizeGreaterThan(500);
    }

    @Test
    void freeTheSlotsOfAKilledOneWithinOneLease(RedisServer redis) {
        try (WorkerProcess holder = WorkerProcess.start(redis, "hold", 5, 60);
                WorkerProcess next = WorkerProcess.start(redis, "hold", 1, 20)) {
            await().atMost(Duration.ofSeconds(60)).until(() -> holder.isReady() && next.isReady());
            holder.go();
            await().atMost(Duration.ofSeconds(10)).until(() -> granted(holder) == 5);
            next.go();
            // longer than the lease: a live holder keeps its slots
            await().during(Duration.ofSeconds(3)).atMost(Duration.ofSeconds(5)).until(() -> granted(next) == 0);
            long killedNanos = System.nanoTime();
            holder.kill();
            await().atMost(Duration.ofSeconds(10)).until(() -> granted(next) == 1);
            long grantedNanos = next.soFar().stream()
                    .filter((occurrence) -> occurrence.event() == Event.GRANTED)
                    .findFirst()
                    .orElseThrow()
                    .nanos();
            assertThat(Duration.ofNanos(grantedNanos - killedNanos)).isLessThan(Duration.ofMillis(2_500));
        }
    }

    private static long granted(WorkerProcess worker) {
        return worker.soFar().stream()
                .filter((occurrence) -> occurrence.event() == Event.GRANTED)
                .count();
    }

    private static List<Occurrence> run(RedisServer redis, String job, int threads, int seconds) {
        List<Occurrence> history = new ArrayList<>();
        try (WorkerProcess one = WorkerProcess.start(redis, job, threads, seconds);
                WorkerProcess other = WorkerProcess.start(redis, job, threads, seconds)) {
            await().atMost(Duration.ofSeconds(60)).until(() -> one.isReady() && other.isReady());
            one.go();
            other.go();
            Stream.of(one, other).map(WorkerProcess::history).forEach(history::addAll);
            assertThat(history.stream().filter((occurrence) -> occurrence.event() == Event.DONE))
                    .hasSize(2);
        }
        history.sort(Comparator.comparingLong(Occurrence::nanos));
        return history;
    }
}
