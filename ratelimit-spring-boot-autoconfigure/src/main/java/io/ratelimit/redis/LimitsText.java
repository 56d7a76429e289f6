package io.ratelimit.redis;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.util.StringUtils;

/**
 * Limits as the text that travels with every call and is kept with the partition, the same in every locale. {@code arguments.lua} describes it.
 */
final class LimitsText {

    private static final Map<RateAlgorithm, String> KINDS = new EnumMap<>(Map.of(
            RateAlgorithm.SLIDING_WINDOW, "s",
            RateAlgorithm.FIXED_WINDOW, "f",
            RateAlgorithm.TOKEN_BUCKET, "t",
            RateAlgorithm.LEAKY_BUCKET, "l"));

    private LimitsText() {}

    static String write(List<Limit> limits) {
        return limits.stream().map(LimitsText::write).collect(Collectors.joining(";"));
    }

    static List<Limit> read(String text) {
        return Stream.of(StringUtils.delimitedListToStringArray(text, ";"))
                .map(LimitsText::readOne)
                .toList();
    }

    private static String write(Limit limit) {
        if (limit instanceof ConcurrencyLimit slots) {
            long holdMicros = (slots.maxHold() != null) ? micros(slots.maxHold()) : 0;
            return "c " + slots.name() + ' ' + slots.limit() + ' ' + micros(slots.lease()) + ' ' + holdMicros;
        }
        RateLimit rate = (RateLimit) limit;
        long burst = rate.algorithm().isBucket() ? rate.burst() : 0;
        return KINDS.get(rate.algorithm())
                + ' '
                + rate.name()
                + ' '
                + rate.limit()
                + ' '
                + micros(rate.window())
                + ' '
                + burst;
    }

    private static Limit readOne(String text) {
        String[] fields = StringUtils.delimitedListToStringArray(text, " ");
        long limit = Long.parseLong(fields[2]);
        Duration span = duration(Long.parseLong(fields[3]));
        if (fields[0].equals("c")) {
            long holdMicros = Long.parseLong(fields[4]);
            return new ConcurrencyLimit(fields[1], limit, span, (holdMicros > 0) ? duration(holdMicros) : null);
        }
        RateAlgorithm algorithm = Stream.of(RateAlgorithm.values())
                .filter((each) -> fields[0].equals(KINDS.get(each)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("A limit of an unknown kind: " + text));
        long burst = algorithm.isBucket() ? Long.parseLong(fields[4]) : limit;
        return new RateLimit(fields[1], limit, span, algorithm, burst);
    }

    private static long micros(Duration duration) {
        return duration.toNanos() / 1_000;
    }

    private static Duration duration(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
