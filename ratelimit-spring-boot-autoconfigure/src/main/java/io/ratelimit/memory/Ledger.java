package io.ratelimit.memory;

import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.backend.Partition;
import io.ratelimit.memory.Obstacles.Obstacle;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is taken of the limits of a partition. All amounts that it is given are {@linkplain #amounts for its own limits}.
 */
final class Ledger {

    private final Timeline time;

    private List<Limit> limits = List.of();

    private List<LimitState> states = List.of();

    private long meanHoldMicros;

    Ledger(Timeline time) {
        this.time = time;
    }

    List<Limit> limits() {
        return this.limits;
    }

    /** Reads amounts that stand in the order of the sender's limits. */
    Amounts amounts(Partition sender, List<Long> values) {
        return new Amounts(sender.limits(), values).askedOf(this.limits);
    }

    /** Goes by other limits. Rates that stay keep what is used of them; slots are for the caller to take again. */
    void adopt(List<Limit> others) {
        List<LimitState> before = this.states;
        this.limits = others;
        this.states = others.stream()
                .map((limit) -> LimitState.of(limit, same(before, limit), this.time.now()))
                .toList();
        this.states.forEach((state) -> this.time.stayUntil(state.idleAt()));
    }

    private static @Nullable LimitState same(List<LimitState> states, Limit limit) {
        return states.stream()
                .filter((state) -> Amounts.areSame(state.limit(), limit))
                .findFirst()
                .orElse(null);
    }

    /** Forgets what has come back by time alone. */
    void forgetPast() {
        for (LimitState state : this.states) {
            if (state.advance(this.time.now())) {
                changed(state);
            }
        }
    }

    void take(Amounts amounts) {
        for (int i = 0; i < this.states.size(); i++) {
            if (amounts.at(i) > 0) {
                this.states.get(i).take(amounts.at(i), this.time.now());
                this.time.stayUntil(this.states.get(i).idleAt());
            }
        }
    }

    void free(Amounts slots) {
        for (int i = 0; i < this.states.size(); i++) {
            if (this.states.get(i) instanceof SlotCount count) {
                count.free(slots.at(i));
            }
        }
    }

    /** Learns how long slots are held. */
    void learnHold(long heldMicros) {
        this.meanHoldMicros = (this.meanHoldMicros == 0) ? heldMicros : (this.meanHoldMicros * 7 + heldMicros) / 8;
    }

    void refund(Amounts amounts, long takenAt) {
        for (int i = 0; i < this.states.size(); i++) {
            refund(this.states.get(i), amounts.at(i), takenAt);
        }
    }

    private void refund(LimitState state, long amount, long takenAt) {
        if (amount > 0 && state instanceof RateState rate && rate.refund(amount, takenAt, this.time.now())) {
            changed(rate);
        }
    }

    /** Charges an amount of a rate limit, whether there is room or not, or refunds one. */
    void update(Limit limit, long difference, long chargedAt) {
        if (!(same(this.states, limit) instanceof RateState rate)) {
            return;
        }
        if (difference > 0) {
            rate.charge(difference, this.time.now());
            changed(rate);
        } else {
            refund(rate, -difference, chargedAt);
        }
    }

    /** Forgets what is used of rates, debts included. */
    void forgive() {
        this.states = this.states.stream()
                .map((state) ->
                        (state instanceof RateState rate) ? LimitState.of(rate.limit(), null, this.time.now()) : state)
                .toList();
        this.time.change();
    }

    private void changed(LimitState state) {
        this.time.change();
        this.time.stayUntil(state.idleAt());
    }

    Obstacles obstacles(Amounts amounts) {
        List<Obstacle> found = new ArrayList<>();
        long longest = 0;
        for (int i = 0; i < this.states.size(); i++) {
            LimitState state = this.states.get(i);
            long wait = (amounts.at(i) > 0) ? state.waitMicros(amounts.at(i), this.time.now(), this.meanHoldMicros) : 0;
            if (wait > 0) {
                found.add((wait > longest) ? 0 : found.size(), new Obstacle(state.limit(), wait));
                longest = Math.max(longest, wait);
            }
        }
        return new Obstacles(found);
    }

    /** Estimates how long it takes until as many others have had slots. */
    long turnsMicros(long others) {
        long used = slotCounts().mapToLong(SlotCount::used).sum();
        return this.meanHoldMicros * others / Math.max(1, used);
    }

    private Stream<SlotCount> slotCounts() {
        return this.states.stream().filter(SlotCount.class::isInstance).map(SlotCount.class::cast);
    }

    List<LimitStatus> status() {
        return this.states.stream()
                .map((state) -> state.status(this.time.now()))
                .toList();
    }
}
