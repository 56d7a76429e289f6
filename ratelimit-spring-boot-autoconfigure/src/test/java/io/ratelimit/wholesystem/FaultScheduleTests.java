package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.ratelimit.wholesystem.Fault.HoldersDeleted;
import io.ratelimit.wholesystem.FaultRun.Outcome;
import io.ratelimit.wholesystem.FaultSchedule.Load;
import io.ratelimit.wholesystem.FaultSchedule.Timed;
import io.ratelimit.wholesystem.FaultSchedule.Topology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Several JVMs on a Redis, and everything goes wrong at random: see {@link Fault}. What must hold is checked after each schedule.
 *
 * <p>The system property {@code ratelimit.test.schedules} says how many are played at random (without it the same 3 each time), {@code ratelimit.test.topology}
 * what Redis is made of ({@code standalone}, {@code sentinel} or {@code cluster}), {@code ratelimit.test.seed} plays the one of a seed.
 */
class FaultScheduleTests {

    private static final int FEW = 3;

    private static final int LONGEST_REPORT = 4_000;

    @Test
    void breakNoPromise() {
        List<String> violations = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        long faults = 0;
        long[] seeds = seeds();
        Topology topology = Topology.valueOf(
                System.getProperty("ratelimit.test.topology", "standalone").toUpperCase(Locale.ROOT));
        for (long seed : seeds) {
            FaultSchedule schedule = FaultSchedule.of(seed, topology);
            System.out.println("Schedule of " + schedule);
            faults += schedule.faults().size();
            try {
                Outcome outcome = FaultRun.play(schedule);
                System.out.println("  " + outcome);
                outcomes.add(outcome);
            } catch (AssertionError | RuntimeException ex) {
                String report = ex.toString();
                violations.add("seed " + seed + ": " + report.substring(0, Math.min(report.length(), LONGEST_REPORT)));
                System.out.println("  VIOLATION " + violations.get(violations.size() - 1));
                Stream.of(ex.getStackTrace())
                        .filter((frame) -> frame.getClassName().startsWith("io.ratelimit"))
                        .forEach((frame) -> System.out.println("    at " + frame));
            }
        }
        System.out.printf(
                "%d schedules on %s (seeds %s), %d faults, %d calls, of which %d were granted and %d failed; longest recovery %d ms, %d in time; %d watched to the end; %d violations%n",
                seeds.length,
                topology,
                LongStream.of(seeds).boxed().toList(),
                faults,
                outcomes.stream().mapToLong(Outcome::calls).sum(),
                outcomes.stream().mapToLong(Outcome::granted).sum(),
                outcomes.stream().mapToLong(Outcome::failed).sum(),
                outcomes.stream()
                        .mapToLong((outcome) -> outcome.recovery().toMillis())
                        .max()
                        .orElse(0),
                outcomes.stream().filter(Outcome::isInTime).count(),
                outcomes.stream().filter(Outcome::seen).count(),
                violations.size());
        assertThat(violations).isEmpty();
    }

    @Test
    void aBrokenPromiseIsNoticed() {
        Setup setup = Setup.ofSlots(2).withLease(FaultSchedule.LEASE).withCommandTimeout(FaultSchedule.COMMAND_TIMEOUT);
        Load load = new Load(3, Call.waiting(Duration.ofSeconds(1)).holdingFor(Duration.ofMillis(50)));
        FaultSchedule schedule = new FaultSchedule(
                0,
                Topology.STANDALONE,
                setup,
                false,
                List.of(List.of(load), List.of(load)),
                List.of(new Timed(new HoldersDeleted(), 500, 500)));
        assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> FaultRun.play(schedule));
    }

    private static long[] seeds() {
        Long seed = Long.getLong("ratelimit.test.seed");
        if (seed != null) {
            return new long[] {seed};
        }
        Integer count = Integer.getInteger("ratelimit.test.schedules");
        return (count != null)
                ? new Random().longs(count, 0, 1_000_000_000).toArray()
                : new Random(1).longs(FEW, 0, 1_000_000_000).toArray();
    }
}
