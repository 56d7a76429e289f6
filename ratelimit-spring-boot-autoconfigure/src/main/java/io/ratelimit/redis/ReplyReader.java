package io.ratelimit.redis;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.backend.Reply;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the reply of a call, as {@code main.lua} and {@code operations.lua} write it.
 */
final class ReplyReader {

    private final List<Limit> limits;

    private final long reclaimed;

    private final List<?> answers;

    /**
     * Makes a reader.
     *
     * @param sent the limits that went with the call
     * @param reply what came back
     */
    ReplyReader(List<Limit> sent, List<?> reply) {
        String text = text(reply.get(1));
        this.reclaimed = number(reply.get(0));
        this.limits = text.isEmpty() ? sent : LimitsText.read(text);
        this.answers = reply.subList(2, reply.size());
    }

    /**
     * Returns the answer to one operation.
     *
     * @param index its place in the call
     * @throws IllegalArgumentException if the operation could never succeed
     */
    Reply read(int index) {
        List<?> answer = (List<?>) this.answers.get(index);
        return switch (text(answer.get(0))) {
            case "granted" ->
                new Reply.Granted(
                        number(answer.get(1)),
                        number(answer.get(2)),
                        number(answer.get(3)),
                        number(answer.get(4)),
                        statuses(answer, 5),
                        this.reclaimed);
            case "refused" ->
                new Reply.Refused(
                        violated((List<?>) answer.get(2)),
                        micros(number(answer.get(1))),
                        statuses(answer, 3),
                        this.reclaimed);
            case "done" -> new Reply.Done(statuses(answer, 1), this.reclaimed);
            case "renewed" -> new Reply.Renewed(numbers((List<?>) answer.get(1)), statuses(answer, 2), this.reclaimed);
            case "inspected" ->
                new Reply.Inspected(
                        number(answer.get(1)), holders((List<?>) answer.get(2)), statuses(answer, 3), this.reclaimed);
            default -> throw new IllegalArgumentException(text(answer.get(1)));
        };
    }

    private List<LimitStatus> statuses(List<?> answer, int from) {
        List<LimitStatus> statuses = new ArrayList<>(this.limits.size());
        for (int i = 0; i < this.limits.size(); i++) {
            long used = number(answer.get(from + 2 * i));
            Duration reset = micros(number(answer.get(from + 2 * i + 1)));
            statuses.add(new LimitStatus(this.limits.get(i), used, reset));
        }
        return statuses;
    }

    private List<Limit> violated(List<?> places) {
        return numbers(places).stream()
                .map((place) -> this.limits.get(place.intValue() - 1))
                .toList();
    }

    private static List<Reply.Holder> holders(List<?> answers) {
        List<Reply.Holder> holders = new ArrayList<>(answers.size());
        for (Object answer : answers) {
            List<?> fields = (List<?>) answer;
            holders.add(new Reply.Holder(
                    text(fields.get(0)),
                    numbers((List<?>) fields.get(3)),
                    number(fields.get(1)),
                    number(fields.get(2))));
        }
        return holders;
    }

    private static List<Long> numbers(List<?> values) {
        return values.stream().map(ReplyReader::number).toList();
    }

    private static long number(Object value) {
        return (Long) value;
    }

    private static String text(Object value) {
        return new String((byte[]) value, StandardCharsets.UTF_8);
    }

    private static Duration micros(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
