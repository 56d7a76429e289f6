package io.ratelimit.wholesystem;

import io.ratelimit.wholesystem.Fault.ClientsKilled;
import io.ratelimit.wholesystem.Fault.KeysDeleted;
import io.ratelimit.wholesystem.Fault.LinkCut;
import io.ratelimit.wholesystem.Fault.LinkHalfOpen;
import io.ratelimit.wholesystem.Fault.LinkSlow;
import io.ratelimit.wholesystem.Fault.LinkStalled;
import io.ratelimit.wholesystem.Fault.MessagesLost;
import io.ratelimit.wholesystem.Fault.RedisFrozen;
import io.ratelimit.wholesystem.Fault.RedisFrozenUntilReplaced;
import io.ratelimit.wholesystem.Fault.RedisKilled;
import io.ratelimit.wholesystem.Fault.RedisKilledUntilReplaced;
import io.ratelimit.wholesystem.Fault.RedisReplaced;
import io.ratelimit.wholesystem.Fault.RepliesLost;
import io.ratelimit.wholesystem.Fault.ScriptsForgotten;
import io.ratelimit.wholesystem.Fault.WorkerFrozen;
import io.ratelimit.wholesystem.Fault.WorkerKilled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What happens to a system, all of it from a seed: who runs, what it does, and what goes wrong when.
 *
 * @param seed the seed
 * @param topology what Redis is made of
 * @param setup the limits
 * @param isDurable whether Redis keeps its state on disk
 * @param loads what each worker does all the time
 * @param faults what goes wrong, by its begin
 */
record FaultSchedule(
        long seed, Topology topology, Setup setup, boolean isDurable, List<List<Load>> loads, List<Timed> faults) {

    static final Duration LEASE = Duration.ofMillis(1_500);

    static final Duration COMMAND_TIMEOUT = Duration.ofMillis(500);

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

    /** All faults have ended by then. */
    private static final int LENGTH_MILLIS = 3_500;

    private static final int FIRST_MILLIS = 300;

    private static final int LONGEST_FAULT_MILLIS = 1_200;

    /** So many draws find a fault that hits nothing which is hit already. */
    private static final int MOST_DRAWS = 40;

    static FaultSchedule of(long seed, Topology topology) {
        Random random = new Random(seed);
        Setup setup = setup(random);
        boolean durable = random.nextBoolean();
        int workers = 2 + random.nextInt(3);
        List<List<Load>> loads = IntStream.range(0, workers)
                .mapToObj((worker) -> loads(random, setup, worker))
                .toList();
        List<Timed> faults = (topology == Topology.STANDALONE)
                ? faults(random, () -> onStandalone(random, random.nextInt(workers)))
                : faults(random, () -> onReplicated(random, random.nextInt(workers)));
        return new FaultSchedule(seed, topology, setup, durable, loads, faults);
    }

    /** Makes one for workers that go on, on one server. */
    static FaultSchedule withoutDeaths(long seed, Setup setup, int workers) {
        Random random = new Random(seed);
        List<List<Load>> loads = IntStream.range(0, workers)
                .mapToObj((worker) -> loads(random, setup, worker))
                .toList();
        List<Timed> faults = faults(random, () -> onStandalone(random, random.nextInt(workers)));
        faults.removeIf((timed) -> timed.fault() instanceof WorkerKilled);
        return new FaultSchedule(seed, Topology.STANDALONE, setup, false, loads, faults);
    }

    private static Setup setup(Random random) {
        Duration window = Duration.ofMillis(400 + random.nextInt(600));
        int slots = 1 + random.nextInt(6);
        int rate = 20 + random.nextInt(60);
        Setup setup = switch (random.nextInt(4)) {
            case 0 -> Setup.ofRate(rate, window);
            case 1 -> Setup.ofSlots(slots).withRate(rate, window);
            default -> Setup.ofSlots(slots);
        };
        return setup.withLease(LEASE).withCommandTimeout(COMMAND_TIMEOUT);
    }

    private static List<Load> loads(Random random, Setup setup, int worker) {
        List<Load> loads = new ArrayList<>();
        loads.add(new Load(1 + random.nextInt(4), call(random, setup, LONGEST_WAIT, 2 + random.nextInt(30))));
        loads.add(new Load(1, call(random, setup, Duration.ZERO, 1 + random.nextInt(10))));
        if (worker < setup.slots() / 2) { // which leaves slots for the others
            int longerThanALease = (int) LEASE.toMillis() + random.nextInt(1_000);
            loads.add(new Load(1, call(random, setup, LONGEST_WAIT, longerThanALease)));
        }
        return loads;
    }

    private static Call call(Random random, Setup setup, Duration maxWait, int holdMillis) {
        long amount = (setup.slots() > 1 && random.nextInt(3) == 0) ? 2 : 1;
        return Call.waiting(maxWait)
                .withAmount(amount)
                .withPriority((random.nextInt(3) == 0) ? random.nextInt(5) - 2 : 0)
                .holdingFor(setup.slots() > 0 ? Duration.ofMillis(holdMillis) : Duration.ZERO);
    }

    private static List<Timed> faults(Random random, Supplier<Fault> draw) {
        int count = 2 + random.nextInt(4);
        List<Timed> faults = new ArrayList<>();
        for (int i = 0; i < MOST_DRAWS && faults.size() < count; i++) {
            Timed drawn = timed(random, draw.get());
            if (faults.stream().noneMatch((other) -> drawn.collides(other) || drawn.happensOnce(other))) {
                faults.add(drawn);
            }
        }
        faults.sort(Comparator.comparingInt(Timed::beginMillis));
        return faults;
    }

    private static Fault onStandalone(Random random, int worker) {
        return switch (random.nextInt(16)) {
            case 0 -> new WorkerKilled(worker);
            case 1, 2 -> new WorkerFrozen(worker);
            case 3, 4, 5 -> new RedisKilled();
            case 6 -> new RedisFrozen();
            case 7 -> new KeysDeleted();
            case 8 -> new ScriptsForgotten();
            case 9 -> new ClientsKilled();
            case 10 -> new LinkSlow(worker, Duration.ofMillis(5 + random.nextInt(100)));
            case 11 -> new LinkStalled(worker);
            case 12 -> new LinkHalfOpen(worker);
            case 13 -> new LinkCut(worker);
            case 14 -> new RepliesLost(worker, 1 + random.nextInt(5));
            default -> new MessagesLost(worker);
        };
    }

    private static Fault onReplicated(Random random, int worker) {
        return switch (random.nextInt(12)) {
            case 0 -> new WorkerKilled(worker);
            case 1, 2 -> new WorkerFrozen(worker);
            case 3, 4 -> new RedisKilledUntilReplaced();
            case 5, 6 -> new RedisFrozenUntilReplaced();
            case 7, 8 -> new RedisReplaced();
            case 9 -> new KeysDeleted();
            case 10 -> new ScriptsForgotten();
            default -> new ClientsKilled();
        };
    }

    private static Timed timed(Random random, Fault fault) {
        boolean pastTheLease =
                random.nextInt(4) == 0 && (fault instanceof WorkerFrozen || fault instanceof RedisFrozen);
        int lasts = pastTheLease ? 2 * (int) LEASE.toMillis() : 20 + random.nextInt(LONGEST_FAULT_MILLIS);
        int begin = FIRST_MILLIS + random.nextInt(Math.max(1, LENGTH_MILLIS - lasts - FIRST_MILLIS));
        return new Timed(fault, begin, (fault instanceof WorkerKilled) ? Integer.MAX_VALUE : begin + lasts);
    }

    /** Returns what is to be done, in order. */
    List<Action> actions() {
        List<Action> actions = new ArrayList<>();
        for (Timed timed : this.faults) {
            actions.add(new Action(timed.beginMillis(), timed.fault()::begin));
            if (timed.endMillis() < Integer.MAX_VALUE) {
                actions.add(new Action(timed.endMillis(), timed.fault()::end));
            }
        }
        actions.sort(Comparator.comparingInt(Action::atMillis));
        return actions;
    }

    int workers() {
        return this.loads.size();
    }

    @Override
    public String toString() {
        return "seed %d on %s: %d workers, %d slots, rate %d per %s, %s, faults %s"
                .formatted(
                        this.seed,
                        this.topology,
                        workers(),
                        this.setup.slots(),
                        this.setup.rate(),
                        this.setup.window(),
                        this.isDurable ? "durable" : "not durable",
                        this.faults.stream().map(Timed::toString).collect(Collectors.joining(", ")));
    }

    /** What Redis is made of. */
    enum Topology {
        /** One server. */
        STANDALONE,
        /** A master and a replica, which Sentinels watch. */
        SENTINEL,
        /** Three masters, with a replica each. */
        CLUSTER;

        RedisSite start(FaultSchedule schedule) {
            return switch (this) {
                case STANDALONE -> new StandaloneSite(schedule.isDurable(), schedule.workers());
                case SENTINEL -> ReplicatedSite.underSentinels();
                case CLUSTER -> ReplicatedSite.inCluster();
            };
        }
    }

    /**
     * Threads that do the same again and again.
     *
     * @param threads how many
     * @param call what they call
     */
    record Load(int threads, Call call) {}

    /**
     * A fault and its time, from the begin of the schedule.
     */
    record Timed(Fault fault, int beginMillis, int endMillis) {

        /** Returns whether only one of two can be in a schedule: a replica takes over once, and some worker survives. */
        boolean happensOnce(Timed other) {
            return this.fault instanceof WorkerKilled && other.fault instanceof WorkerKilled
                    || replaces(this.fault) && replaces(other.fault);
        }

        private static boolean replaces(Fault fault) {
            return fault instanceof RedisKilledUntilReplaced
                    || fault instanceof RedisFrozenUntilReplaced
                    || fault instanceof RedisReplaced;
        }

        boolean collides(Timed other) {
            return this.fault.target().equals(other.fault.target())
                    && this.beginMillis <= other.endMillis
                    && other.beginMillis <= this.endMillis;
        }

        @Override
        public String toString() {
            return "%s %d-%s"
                    .formatted(this.fault, this.beginMillis, this.endMillis < Integer.MAX_VALUE ? this.endMillis : "");
        }
    }

    /**
     * Something to be done at a time.
     */
    record Action(int atMillis, Consumer<FaultScene> what) {}
}
