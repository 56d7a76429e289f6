package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.FaultRun.Outcome;
import io.ratelimit.wholesystem.FaultSchedule.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.springframework.boot.convert.DurationStyle;

/**
 * The same instances on the same Redis for a long time, while random faults come and go: no promise is broken, and nothing grows.
 *
 * <p>The system property {@code ratelimit.test.soak} says how long ({@code 10m}); by default it is as short as can be, and the same each time. {@code
 * ratelimit.test.seed} sets the seed.
 */
class SoakTests {

    private static final int WORKERS = 3;

    /** What is measured before is warming up. */
    private static final int WARM_UP_ROUNDS = 6;

    private static final Setup SETUP = Setup.ofSlots(6)
            .withRate(400, Duration.ofSeconds(1))
            .withLease(FaultSchedule.LEASE)
            .withCommandTimeout(FaultSchedule.COMMAND_TIMEOUT);

    @Test
    void nothingGrows() {
        Duration time = DurationStyle.detectAndParse(System.getProperty("ratelimit.test.soak", "1s"));
        long seed = (System.getProperty("ratelimit.test.soak") != null) ? System.nanoTime() : 1;
        Random seeds = new Random(Long.getLong("ratelimit.test.seed", seed));
        List<Footprint> footprints = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        long faults = 0;
        long endNanos = System.nanoTime() + time.toNanos();
        FaultSchedule first = FaultSchedule.withoutDeaths(seeds.nextLong(1_000_000_000), SETUP, WORKERS);
        try (FaultScene scene = new FaultScene(first)) {
            for (FaultSchedule next = first;
                    footprints.size() < 2 || System.nanoTime() - endNanos < 0;
                    next = FaultSchedule.withoutDeaths(seeds.nextLong(1_000_000_000), SETUP, WORKERS)) {
                System.out.println("Round " + (footprints.size() + 1) + " of " + next);
                faults += next.faults().size();
                outcomes.add(new FaultRun(next, scene).round());
                footprints.add(Footprint.of(scene));
                System.out.println(
                        "  " + outcomes.get(outcomes.size() - 1) + ", " + footprints.get(footprints.size() - 1));
                scene.forget();
            }
        }
        Footprint warm = footprints.get(Math.min(WARM_UP_ROUNDS, footprints.size()) - 1);
        Footprint last = footprints.get(footprints.size() - 1);
        System.out.printf(
                "Soak on %s of %s: %d rounds, %d faults, %d calls, of which %d were granted and %d failed; after warming up %s; at the end %s%n",
                Topology.STANDALONE,
                time,
                footprints.size(),
                faults,
                outcomes.stream().mapToLong(Outcome::calls).sum(),
                outcomes.stream().mapToLong(Outcome::granted).sum(),
                outcomes.stream().mapToLong(Outcome::failed).sum(),
                warm,
                last);
        last.assertNoGreaterThan(warm);
        assertThat(outcomes)
                .allSatisfy((outcome) -> assertThat(outcome.granted()).isPositive());
    }

    /**
     * What the system takes while nobody calls.
     *
     * @param heapBytes of all workers, after a collection
     * @param threads of all workers
     * @param connections to Redis
     * @param keys in Redis
     * @param redisBytes that Redis takes
     */
    private record Footprint(long heapBytes, long threads, long connections, long keys, long redisBytes) {

        /** Noise: what a JVM compiles and what Lettuce caches. */
        private static final long MORE_HEAP_BYTES = 3L << 20;

        private static final long MORE_REDIS_BYTES = 1L << 20;

        private static final long MORE_THREADS = WORKERS;

        /** Of one partition, the instances, and what is changed at run time; those of the partition expire a while later. */
        private static final long MOST_KEYS = 7 + 2;

        static Footprint of(FaultScene scene) {
            List<WorkerProcess> workers = scene.alive();
            return new Footprint(
                    workers.stream().mapToLong(WorkerProcess::heapBytes).sum(),
                    workers.stream().mapToLong(WorkerProcess::threads).sum(),
                    scene.site().probe().clients(),
                    scene.site().probe().keys().size(),
                    scene.site().probe().usedBytes());
        }

        void assertNoGreaterThan(Footprint before) {
            assertThat(this.heapBytes).as("heap").isLessThan(before.heapBytes + WORKERS * MORE_HEAP_BYTES);
            assertThat(this.threads).as("threads").isLessThanOrEqualTo(before.threads + MORE_THREADS);
            assertThat(this.connections).as("connections").isLessThanOrEqualTo(before.connections);
            assertThat(this.keys).as("keys").isLessThanOrEqualTo(MOST_KEYS);
            assertThat(this.redisBytes).as("memory of Redis").isLessThan(before.redisBytes + MORE_REDIS_BYTES);
        }

        @Override
        public String toString() {
            return "heap %.1f MB, %d threads, %d connections, %d keys, Redis %.2f MB"
                    .formatted(this.heapBytes / 1e6, this.threads, this.connections, this.keys, this.redisBytes / 1e6);
        }
    }
}
