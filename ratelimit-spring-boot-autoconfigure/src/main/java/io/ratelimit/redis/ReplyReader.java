package io.ratelimit.redis;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the reply of a call, as {@code main.lua}, {@code operations.lua} and {@code upkeep.lua} write it: packed numbers, one answer behind the
 * other, then texts.
 */
final class ReplyReader {

    /** Errors; what is greater in the place of a code is a fencing token. */
    private static final int LAST_CODE = 6;

    private final ByteBuffer numbers;

    private final List<?> texts;

    private final List<Limit> limits;

    private final boolean more;

    /** How many permits were taken back is told with the first answer only. */
    private Status status;

    private int nextText;

    private final long nowMicros;

    /** The acquisition that was answered last, and what comes with the grants of its run. */
    private @Nullable Acquire last;

    private long leaseMicros;

    private long holdMicros;

    /**
     * Makes a reader.
     *
     * @param sent the limits that went with the call
     * @param reply what came back
     */
    ReplyReader(List<Limit> sent, List<?> reply) {
        this.numbers = packed(reply.get(0));
        this.texts = reply.subList(1, reply.size());
        this.nowMicros = number();
        long reclaimed = number();
        this.more = number() > 0;
        long queued = number();
        long wakeMicros = number();
        String text = this.texts.isEmpty() ? "" : text();
        this.limits = text.isEmpty() ? sent : LimitsText.read(text);
        List<LimitStatus> statuses = new ArrayList<>(this.limits.size());
        for (Limit limit : this.limits) {
            statuses.add(new LimitStatus(limit, number(), micros(number())));
        }
        this.status = new Status(statuses, queued, wakeMicros, reclaimed);
    }

    /** Returns whether the call has stopped early, and an empty one has to follow. */
    boolean hasMore() {
        return this.more;
    }

    /** Returns how the partition stands, for whom it is told with a message. */
    Status statusOfMessages() {
        return new Status(this.status.limits(), this.status.queued(), this.status.wakeMicros(), 0);
    }

    /**
     * Reads the next answer.
     *
     * @param operation the operation that it answers
     * @throws IllegalArgumentException if the operation could never succeed
     */
    Reply read(Operation<?> operation) {
        Reply reply = readAny(operation);
        this.status = statusOfMessages();
        return reply;
    }

    /** Returns the messages for the calling instance, which follow the last answer. */
    ByteBuffer readMessages() {
        return (this.nextText == this.texts.size()) ? ByteBuffer.allocate(0) : packed(this.texts.get(this.nextText++));
    }

    private static ByteBuffer packed(Object bytes) {
        return ByteBuffer.wrap((byte[]) bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Reply readAny(Operation<?> operation) {
        if (operation instanceof Release) {
            return new Reply.Done(this.status);
        }
        if (operation instanceof Update) {
            return new Reply.Updated(this.nowMicros, this.status);
        }
        if (operation instanceof Acquire acquire && acquire.maxWaitMicros() == 0) {
            return readInRun(acquire);
        }
        this.last = null;
        return readAnswer(operation, number());
    }

    private Reply readInRun(Acquire acquire) {
        if (this.last == null || !Operands.isOneRun(this.last, acquire)) {
            this.leaseMicros = number();
            this.holdMicros = number();
        }
        this.last = acquire;
        long fenceOrCode = number();
        return (fenceOrCode > LAST_CODE)
                ? new Reply.Granted(fenceOrCode, this.nowMicros, this.leaseMicros, this.holdMicros, this.status)
                : readAnswer(acquire, fenceOrCode);
    }

    private Reply readAnswer(Operation<?> operation, long code) {
        return switch ((int) code) {
            case 0 -> new Reply.Done(this.status);
            case 4 -> readRenewed((Renew) operation);
            case 5 -> readInspected();
            case LAST_CODE -> throw new IllegalArgumentException(text());
            default -> readDecision(code);
        };
    }

    private Decision readDecision(long code) {
        return switch ((int) code) {
            case 1 -> new Reply.Granted(number(), number(), number(), number(), this.status);
            case 2 -> {
                Duration wait = micros(number());
                yield new Reply.Refused(readLimits(), wait, this.status);
            }
            default -> new Reply.Queued(number(), this.nowMicros, readLimits(), this.status);
        };
    }

    private Reply readRenewed(Renew renew) {
        List<Long> leases = readNumbers(renew.permits().size());
        List<Decision> tickets = new ArrayList<>(renew.tickets().size());
        for (int i = 0; i < renew.tickets().size(); i++) {
            tickets.add(readDecision(number()));
        }
        return new Reply.Renewed(leases, tickets, this.status);
    }

    private Reply readInspected() {
        long holderCount = number();
        List<Reply.Holder> holders = new ArrayList<>();
        for (long i = number(); i > 0; i--) {
            String permit = text();
            long ageMicros = number();
            long leaseLeftMicros = number();
            holders.add(new Reply.Holder(permit, readNumbers(this.limits.size()), ageMicros, leaseLeftMicros));
        }
        List<Reply.Waiter> waiters = new ArrayList<>();
        for (long i = number(); i > 0; i--) {
            String ticket = text();
            int priority = (int) number();
            long waitedMicros = number();
            waiters.add(new Reply.Waiter(ticket, readNumbers(this.limits.size()), priority, waitedMicros));
        }
        return new Reply.Inspected(holderCount, holders, waiters, this.status);
    }

    private List<Limit> readLimits() {
        return readNumbers((int) number()).stream()
                .map((place) -> this.limits.get(place.intValue() - 1))
                .toList();
    }

    private List<Long> readNumbers(int count) {
        List<Long> numbers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            numbers.add(number());
        }
        return numbers;
    }

    private long number() {
        return (long) this.numbers.getDouble();
    }

    private String text() {
        return new String((byte[]) this.texts.get(this.nextText++), StandardCharsets.UTF_8);
    }

    static Duration micros(long micros) {
        return (micros == 0) ? Duration.ZERO : Duration.of(micros, ChronoUnit.MICROS);
    }
}
