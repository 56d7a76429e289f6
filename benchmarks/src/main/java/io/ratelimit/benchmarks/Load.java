package io.ratelimit.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Threads that make the same call over and over. They run for a moment before the clock starts and until after it has stopped, so that
 * all of them run all the time that counts.
 */
final class Load {

    private static final long LONGEST_CALL_NANOS = TimeUnit.MINUTES.toNanos(2);

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final Call call;

    private final boolean expected;

    private volatile boolean counting;

    private volatile boolean over;

    private Load(Call call, boolean expected) {
        this.call = call;
        this.expected = expected;
    }

    /**
     * Runs a load.
     *
     * @param call what each thread does
     * @param expected the answer it must get
     * @param threads how many threads do it
     * @param settle how long they run before anything counts
     * @param length how long it counts
     * @param redis what they load
     */
    static Pass run(Call call, boolean expected, int threads, Duration settle, Duration length, RedisStats redis)
            throws InterruptedException {
        return new Load(call, expected).run(threads, settle, length, redis);
    }

    private Pass run(int threads, Duration settle, Duration length, RedisStats redis) throws InterruptedException {
        List<Runner> runners = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Runner runner = new Runner();
            runner.start();
            runners.add(runner);
        }
        Thread.sleep(settle.toMillis());
        RedisStats.Sample redisBefore = redis.now();
        long cpuBefore = PROCESS.getProcessCpuTime();
        long startNanos = System.nanoTime();
        this.counting = true;
        Thread.sleep(length.toMillis());
        this.counting = false;
        long nanos = System.nanoTime() - startNanos;
        long cpuNanos = PROCESS.getProcessCpuTime() - cpuBefore;
        RedisStats.Sample redisWork = redis.now().minus(redisBefore);
        this.over = true;
        Histogram latency = newHistogram();
        long mistakes = 0;
        Exception failure = null;
        for (Runner runner : runners) {
            runner.join();
            latency.add(runner.latency);
            mistakes += runner.mistakes;
            failure = (runner.failure != null) ? runner.failure : failure;
        }
        return new Pass(latency, nanos, mistakes, failure, cpuNanos, redisWork);
    }

    private static Histogram newHistogram() {
        return new Histogram(LONGEST_CALL_NANOS, 2);
    }

    private final class Runner extends Thread {

        private final Histogram latency = newHistogram();

        private long mistakes;

        private @Nullable Exception failure;

        @Override
        public void run() {
            long startNanos = System.nanoTime();
            while (!Load.this.over) {
                boolean asExpected = once();
                long endNanos = System.nanoTime();
                if (Load.this.counting) {
                    count(asExpected, endNanos - startNanos);
                }
                startNanos = endNanos;
            }
        }

        private boolean once() {
            try {
                return Load.this.call.once() == Load.this.expected;
            } catch (Exception ex) {
                this.failure = ex;
                return false;
            }
        }

        private void count(boolean asExpected, long nanos) {
            if (asExpected) {
                this.latency.recordValue(Math.min(nanos, LONGEST_CALL_NANOS));
            } else {
                this.mistakes++;
            }
        }
    }
}
