package io.ratelimit.benchmarks;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * One subject's turn in one round.
 *
 * @param latency how long each call took that got the expected answer, in nanoseconds
 * @param nanos how long the turn was
 * @param mistakes calls that failed or got the other answer; they count for nothing else
 * @param failure how one of them failed, if any did
 * @param cpuNanos processor time of this JVM
 * @param redis what Redis did for it
 */
record Pass(
        Histogram latency,
        long nanos,
        long mistakes,
        @Nullable Exception failure,
        long cpuNanos,
        RedisStats.Sample redis) {

    double perSecond() {
        return this.latency.getTotalCount() * (double) TimeUnit.SECONDS.toNanos(1) / this.nanos;
    }

    double latencyMicros(double percentile) {
        return micros((double) this.latency.getValueAtPercentile(percentile));
    }

    double scriptsPerCall() {
        return perCall(this.redis.scripts());
    }

    double commandsPerCall() {
        return perCall(this.redis.commands());
    }

    double cpuMicrosPerCall() {
        return micros(perCall(this.cpuNanos));
    }

    double redisCpuMicrosPerCall() {
        return micros(perCall(this.redis.cpuNanos()));
    }

    /** What went wrong, for people; empty: nothing. */
    Optional<String> trouble() {
        if (this.mistakes == 0) {
            return Optional.empty();
        }
        String example = (this.failure != null) ? this.failure.toString() : "the other answer";
        return Optional.of("%d calls went wrong, such as: %s".formatted(this.mistakes, example));
    }

    private double perCall(long total) {
        return (double) total / this.latency.getTotalCount();
    }

    private static double micros(double nanos) {
        return nanos / 1_000;
    }
}
