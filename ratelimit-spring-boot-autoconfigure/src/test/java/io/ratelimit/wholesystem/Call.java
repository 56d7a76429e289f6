package io.ratelimit.wholesystem;

import io.ratelimit.LimitRequest;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a worker asks for, and for how long it keeps it.
 *
 * @param maxWait how long it waits at most; zero: not at all
 * @param priority its place in the queue
 * @param amount how much of each limit it takes
 * @param hold how long it holds its permit; empty: until it is told to close it
 */
record Call(Duration maxWait, int priority, long amount, Optional<Duration> hold) {

    private static final int FIELDS = 4;

    static Call waiting(Duration maxWait) {
        return new Call(maxWait, 0, 1, Optional.empty());
    }

    /** A call that waits for as long as any test may take. */
    static Call patient() {
        return waiting(Duration.ofMinutes(5));
    }

    static Call impatient() {
        return waiting(Duration.ZERO);
    }

    Call withPriority(int priority) {
        return new Call(this.maxWait, priority, this.amount, this.hold);
    }

    Call withAmount(long amount) {
        return new Call(this.maxWait, this.priority, amount, this.hold);
    }

    Call holdingFor(Duration hold) {
        return new Call(this.maxWait, this.priority, this.amount, Optional.of(hold));
    }

    LimitRequest toRequest() {
        LimitRequest request =
                LimitRequest.of(Setup.RESOURCE).priority(this.priority).maxWait(this.maxWait);
        return (this.amount == 1) ? request : request.amount("default", this.amount);
    }

    String format() {
        String hold = this.hold.map(Duration::toString).orElse("-");
        return Stream.of(this.maxWait, this.priority, this.amount, hold)
                .map(Object::toString)
                .collect(Collectors.joining(" "));
    }

    /** Reads a call from the last fields of a command. */
    static Call parse(String[] command) {
        int at = command.length - FIELDS;
        return new Call(
                Duration.parse(command[at]),
                Integer.parseInt(command[at + 1]),
                Long.parseLong(command[at + 2]),
                Optional.of(command[at + 3]).filter((hold) -> !hold.equals("-")).map(Duration::parse));
    }
}
