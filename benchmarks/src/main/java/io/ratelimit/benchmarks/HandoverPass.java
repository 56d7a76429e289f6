package io.ratelimit.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * One subject's turn in one round of hand-overs. What counts are the grants between start and end.
 *
 * @param history everything that happened, before and after that time as well
 * @param startNanos when it began to count
 * @param endNanos when it no longer counted
 * @param redis what Redis did in that time
 */
record HandoverPass(History history, long startNanos, long endNanos, RedisStats.Sample redis) {

    private List<Turn> turns() {
        return this.history.turns().stream().filter(this::counts).toList();
    }

    private boolean counts(Turn turn) {
        return turn.grantedNanos() - this.startNanos >= 0 && turn.grantedNanos() - this.endNanos < 0;
    }

    double perSecond() {
        return turns().size() * (double) TimeUnit.SECONDS.toNanos(1) / (this.endNanos - this.startNanos);
    }

    double meanHoldMillis() {
        return millis(turns().stream().mapToLong(Turn::heldNanos).average().orElse(0));
    }

    /** Which part of the time of all slots somebody held them. */
    double utilisation() {
        return perSecond() * meanHoldMillis() / TimeUnit.SECONDS.toMillis(1) / Slots.COUNT;
    }

    double handoverMicros(double percentile) {
        long[] all = this.history.handoverNanos(Slots.COUNT);
        List<Turn> turns = this.history.turns();
        long[] counting = IntStream.range(0, all.length)
                .filter((i) -> counts(turns.get(i + Slots.COUNT)))
                .mapToLong((i) -> all[i])
                .toArray();
        return percentile(counting, percentile) / 1_000;
    }

    double waitMillis(double percentile) {
        return millis(percentile(turns().stream().mapToLong(Turn::waitNanos).toArray(), percentile));
    }

    /** Those included that were still waiting at the end. */
    double longestWaitMillis() {
        return millis(this.history.turns().stream()
                .filter((turn) -> turn.grantedNanos() - this.startNanos >= 0 && turn.askedNanos() - this.endNanos < 0)
                .mapToDouble(Turn::waitNanos)
                .max()
                .orElse(0));
    }

    double overtaken(double percentile) {
        long[] all = this.history.overtaken();
        long[] counting = IntStream.range(0, all.length)
                .filter((i) -> counts(this.history.turns().get(i)))
                .mapToLong((i) -> all[i])
                .toArray();
        return percentile(counting, percentile);
    }

    double scriptsPerGrant() {
        return (double) this.redis.scripts() / turns().size();
    }

    double commandsPerGrant() {
        return (double) this.redis.commands() / turns().size();
    }

    private static double percentile(long[] values, double percentile) {
        if (values.length == 0) {
            return 0;
        }
        long[] sorted = values.clone();
        Arrays.sort(sorted);
        int rank = (int) Math.ceil(percentile / 100 * sorted.length);
        return sorted[Math.max(1, rank) - 1];
    }

    private static double millis(double nanos) {
        return nanos / 1_000_000;
    }
}
