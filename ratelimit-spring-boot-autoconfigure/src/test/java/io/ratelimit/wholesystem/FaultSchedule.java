package io.ratelimit.wholesystem;

import io.ratelimit.wholesystem.Fault.ClientsKilled;
import io.ratelimit.wholesystem.Fault.KeysDeleted;
import io.ratelimit.wholesystem.Fault.LinkCut;
import io.ratelimit.wholesystem.Fault.LinkHalfOpen;
import io.ratelimit.wholesystem.Fault.LinkSlow;
import io.ratelimit.wholesystem.Fault.LinkStalled;
import io.ratelimit.wholesystem.Fault.MessagesLost;
import io.ratelimit.wholesystem.Fault.RedisFrozen;
import io.ratelimit.wholesystem.Fault.RedisKilled;
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
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What happens to a system, all of it from a seed: who runs, what it does, and what goes wrong when.
 *
 * @param seed the seed
 * @param setup the limits
 * @param isDurable whether Redis keeps its state on disk
 * @param loads what each worker does all the time
 * @param faults what goes wrong, by its begin
 */
record FaultSchedule(long seed, Setup setup, boolean isDurable, List<List<Load>> loads, List<Timed> faults) {

    private static final Duration LEASE = Duration.ofMillis(1_500);

    private static final Duration COMMAND_TIMEOUT = Duration.ofMillis(300);

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

    /** All faults have ended by then. */
    private static final int LENGTH_MILLIS = 3_500;

    private static final int FIRST_MILLIS = 300;

    private static final int LONGEST_FAULT_MILLIS = 1_200;

    /** So many draws find a fault that hits nothing which is hit already. */
    private static final int MOST_DRAWS = 40;

    static FaultSchedule of(long seed) {
        Random random = new Random(seed);
        Setup setup = setup(random);
        boolean durable = random.nextBoolean();
        int workers = 2 + random.nextInt(3);
        List<List<Load>> loads = IntStream.range(0, workers)
                .mapToObj((worker) -> loads(random, setup, worker))
                .toList();
        return new FaultSchedule(seed, setup, durable, loads, faults(random, workers));
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

    private static List<Timed> faults(Random random, int workers) {
        int count = 2 + random.nextInt(4);
        List<Timed> faults = new ArrayList<>();
        for (int i = 0; i < MOST_DRAWS && faults.size() < count; i++) {
            Timed drawn = fault(random, workers);
            boolean survived = faults.stream().noneMatch((other) -> other.fault() instanceof WorkerKilled)
                    || !(drawn.fault() instanceof WorkerKilled);
            if (survived && faults.stream().noneMatch(drawn::collides)) {
                faults.add(drawn);
            }
        }
        faults.sort(Comparator.comparingInt(Timed::beginMillis));
        return faults;
    }

    private static Timed fault(Random random, int workers) {
        int worker = random.nextInt(workers);
        Fault fault = switch (random.nextInt(16)) {
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
        return "seed %d: %d workers, %d slots, rate %d per %s, %s, faults %s"
                .formatted(
                        this.seed,
                        workers(),
                        this.setup.slots(),
                        this.setup.rate(),
                        this.setup.window(),
                        this.isDurable ? "durable" : "not durable",
                        this.faults.stream().map(Timed::toString).collect(Collectors.joining(", ")));
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
