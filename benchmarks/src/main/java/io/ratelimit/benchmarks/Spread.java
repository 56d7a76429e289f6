package io.ratelimit.benchmarks;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * The same figure of several rounds.
 *
 * @param median the middle one; of an even number the mean of the two in the middle
 * @param least the smallest
 * @param most the largest
 */
record Spread(double median, double least, double most) {

    static <T> Spread of(List<T> rounds, ToDoubleFunction<T> figure) {
        double[] sorted = rounds.stream().mapToDouble(figure).sorted().toArray();
        int middle = sorted.length / 2;
        double median = (sorted.length % 2 == 1) ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    /**
     * Returns the median and the range, such as {@code 12,300 (11,800–12,500)}.
     *
     * @param format how to write one number
     */
    String text(String format) {
        return String.format(
                Locale.ROOT, format + " (" + format + "–" + format + ")", this.median, this.least, this.most);
    }

    /** Returns the median alone. */
    String medianText(String format) {
        return String.format(Locale.ROOT, format, this.median);
    }

    /** Returns the largest alone. */
    String mostText(String format) {
        return String.format(Locale.ROOT, format, this.most);
    }
}
