package io.ratelimit.engine;

import io.ratelimit.PoolDefinition;
import io.ratelimit.PoolStrategy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;

/**
 * Says in which order the members of a pool are asked: what each {@link PoolStrategy} does. Thread-safe.
 */
final class PoolOrder {

    private final Map<String, AtomicInteger> turns = new ConcurrentHashMap<>();

    private final PoolLoads loads;

    private final DoubleSupplier random;

    /**
     * Makes one.
     *
     * @param loads how loaded the members are
     * @param random yields numbers from 0 to below 1
     */
    PoolOrder(PoolLoads loads, DoubleSupplier random) {
        this.loads = loads;
        this.random = random;
    }

    /**
     * Returns the members in the order to ask them.
     *
     * @param pool the pool
     * @param keyed whether it is for the share of a key
     */
    List<String> of(PoolDefinition pool, boolean keyed) {
        return switch (pool.strategy()) {
            case FIRST_AVAILABLE -> pool.resources();
            case ROUND_ROBIN -> inTurn(pool);
            case RANDOM -> sorted(pool.resources(), (member) -> this.random.getAsDouble());
            case WEIGHTED -> sorted(pool.resources(), (member) -> arrival(pool.weight(member)));
            case LEAST_LOADED -> sorted(inTurn(pool), keyed ? this.loads::openPermits : this.loads::share);
        };
    }

    private List<String> inTurn(PoolDefinition pool) {
        AtomicInteger turn = this.turns.computeIfAbsent(pool.name(), (name) -> new AtomicInteger());
        List<String> members = new ArrayList<>(pool.resources());
        Collections.rotate(members, -Math.floorMod(turn.getAndIncrement(), members.size()));
        return members;
    }

    /** Of exponential arrivals, that with three times the rate comes first three times as often. */
    private double arrival(int weight) {
        return -Math.log1p(-this.random.getAsDouble()) / weight;
    }

    private static List<String> sorted(List<String> members, ToDoubleFunction<String> value) {
        Map<String, Double> values = new HashMap<>();
        members.forEach((member) -> values.put(member, value.applyAsDouble(member))); // once: they change meanwhile
        List<String> sorted = new ArrayList<>(members);
        sorted.sort(Comparator.comparing(values::get));
        return sorted;
    }
}
