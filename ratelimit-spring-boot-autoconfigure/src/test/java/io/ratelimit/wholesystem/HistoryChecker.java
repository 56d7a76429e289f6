package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.wholesystem.History.Use;
import io.ratelimit.wholesystem.Step.Dropped;
import io.ratelimit.wholesystem.Step.Freed;
import io.ratelimit.wholesystem.Step.Granted;
import io.ratelimit.wholesystem.Step.Numbered;
import io.ratelimit.wholesystem.Step.PutBack;
import io.ratelimit.wholesystem.Step.Queued;
import io.ratelimit.wholesystem.Step.Renewed;
import io.ratelimit.wholesystem.Step.Restarted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What must hold of a history, one method for each invariant. Every method throws an {@link AssertionError} that tells what broke it.
 */
final class HistoryChecker {

    private static final long PRIORITY_STEP = 1_000_000;

    private static final Comparator<Queued> PLACE =
            Comparator.comparingDouble(Queued::score).thenComparing(Queued::ticket);

    /** How much later a worker may hear of a grant than another of one that was made after it. */
    private static final long LONGEST_DELIVERY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final History history;

    HistoryChecker(History history) {
        this.history = history;
    }

    /** Checks what holds whatever happens, as long as Redis keeps its state: all but what is about limits. */
    HistoryChecker sound() {
        return fencesGrow().grantedInQueueOrder().conserved().refusalsTookNothing();
    }

    /** Checks that nothing but the workers' own closing freed slots, and that nothing is left: nobody died, nothing leaked. */
    HistoryChecker undisturbed() {
        return everyGrantArrived().nothingTakenBack().nothingLeft();
    }

    /**
     * At every grant, the leases that live, as far as Redis knows, hold no more slots than the limit, by its clock. Returns the most that
     * they hold.
     */
    long neverMoreLeasesThan(long limit) {
        long most = 0;
        Map<String, Long> held = new HashMap<>();
        Map<String, Long> leaseEnds = new HashMap<>();
        for (Step step : this.history.steps()) {
            if (step instanceof Renewed renewed) {
                leaseEnds.put(renewed.ticket(), renewed.leaseEndMicros());
            } else if (step instanceof Freed) {
                held.remove(step.ticket());
            } else if (step instanceof PutBack back) {
                held.put(back.ticket(), back.slots());
                leaseEnds.put(back.ticket(), back.leaseEndMicros());
            } else if (step instanceof Restarted restarted) {
                held.clear();
                restarted.held().forEach((permit, lease) -> {
                    held.put(permit, lease.slots());
                    leaseEnds.put(permit, lease.endMicros());
                });
            } else if (step instanceof Granted granted) {
                held.put(granted.ticket(), granted.slots());
                leaseEnds.put(granted.ticket(), granted.leaseEndMicros());
                long slots = held.entrySet().stream()
                        .filter((other) -> leaseEnds.get(other.getKey()) > granted.atMicros())
                        .mapToLong(Map.Entry::getValue)
                        .sum();
                assertThat(slots).as("slots of live leases at %s", granted).isLessThanOrEqualTo(limit);
                most = Math.max(most, slots);
            }
        }
        return most;
    }

    /** At no moment do the workers use more permits than the limit. Returns the most that they use. */
    int neverMoreInUseThan(int limit) {
        List<Use> uses = this.history.uses().stream()
                .filter((use) -> use.toNanos() > use.fromNanos())
                .toList();
        List<Long> begins = uses.stream().map(Use::fromNanos).sorted().toList();
        List<Long> ends = uses.stream().map(Use::toNanos).sorted().toList();
        int most = 0;
        for (int begun = 0, ended = 0; begun < begins.size(); begun++) {
            while (ends.get(ended) <= begins.get(begun)) {
                ended++;
            }
            most = Math.max(most, begun + 1 - ended);
        }
        assertThat(most).as("permits in use at the same time").isLessThanOrEqualTo(limit);
        return most;
    }

    /**
     * At every grant, the permits in use that the server knows of take no more slots than the limit. It knows of those that it has granted
     * or heard of by replication; one that has lost its state knows of none until they are put back. Returns the most that are in use.
     */
    long neverMoreSlotsInUseThan(long limit) {
        Map<Long, Use> uses = this.history.uses().stream().collect(Collectors.toMap(Use::fence, (use) -> use));
        Map<Long, Long> known = new HashMap<>();
        long most = 0;
        for (Step step : this.history.steps()) {
            if (step instanceof Restarted restarted && restarted.lost()) {
                known.clear();
                restarted.held().values().forEach((lease) -> known.put(lease.fence(), lease.slots()));
            } else if (step instanceof PutBack back) {
                known.put(back.fence(), back.slots());
            } else if (step instanceof Granted granted) {
                known.put(granted.fence(), granted.slots());
                Use use = uses.get(granted.fence());
                if (use != null) {
                    long slots = known.entrySet().stream()
                            .filter((other) -> isInUse(uses.get(other.getKey()), use))
                            .mapToLong(Map.Entry::getValue)
                            .sum();
                    assertThat(slots).as("slots in use at %s", granted).isLessThanOrEqualTo(limit);
                    most = Math.max(most, slots);
                    known.keySet().removeIf((fence) -> !isInUse(uses.get(fence), use, LONGEST_DELIVERY_NANOS));
                }
            }
        }
        return most;
    }

    private static boolean isInUse(@Nullable Use one, Use other) {
        return one == other || isInUse(one, other, 0);
    }

    /** Returns whether one that was granted before another still was in use when that began, give or take. */
    private static boolean isInUse(@Nullable Use one, Use other, long moreNanos) {
        return one != null && one.toNanos() > other.fromNanos() - moreNanos;
    }

    /** No closed window has more admissions than the limit, by Redis' clock. Returns the most that one has. */
    int neverAdmittedMoreThan(int limit, Duration window) {
        return neverAdmittedMoreThan(limit, window, admissions());
    }

    /**
     * The same, where Redis may have lost its state: then each rate starts from nothing, so that what was admitted before counts no
     * more. What was granted to a call that had given up is refunded, so it counts for nobody. A server counts what it has granted and what
     * was replicated to it: while an old master does not know that it has been replaced, each of the two admits up to the limit.
     */
    int neverAdmittedMoreSinceALossThan(int limit, Duration window) {
        Map<Long, Long> byFence = admissionsByFence();
        byFence.keySet().retainAll(Set.copyOf(told(Event.GRANTED)));
        Collection<List<Long>> apart =
                this.history.elsewhere().isEmpty() ? betweenLosses(byFence) : betweenLossesHere(byFence);
        return apart.stream()
                .mapToInt((times) -> neverAdmittedMoreThan(
                        limit, window, times.stream().sorted().toList()))
                .max()
                .orElse(0);
    }

    private Collection<List<Long>> betweenLosses(Map<Long, Long> byFence) {
        List<Long> losses = this.history
                .steps(Restarted.class)
                .filter(Restarted::lost)
                .map(Restarted::atMicros)
                .toList();
        Function<Long, Long> lossesBefore =
                (time) -> losses.stream().filter((loss) -> loss < time).count();
        return byFence.values().stream()
                .collect(Collectors.groupingBy(lossesBefore))
                .values();
    }

    /**
     * The same for one server of several: what it has granted or heard of. It hears of a loss later than that happened, so what comes after it is
     * told by the order, not by the time.
     */
    private Collection<List<Long>> betweenLossesHere(Map<Long, Long> byFence) {
        TreeMap<Long, Numbered> numbers = new TreeMap<>();
        Map<Numbered, Long> lossesBefore = new HashMap<>();
        long losses = 0;
        for (Step step : this.history.steps()) {
            if (step instanceof Restarted restarted && restarted.lost()) {
                losses++;
            } else if (step instanceof Numbered numbered) {
                numbers.put(numbered.fromMicros(), numbered);
                lossesBefore.put(numbered, losses);
            }
        }
        Map<Long, List<Long>> apart = new HashMap<>();
        byFence.forEach((fence, time) -> {
            Map.Entry<Long, Numbered> call = numbers.floorEntry(fence);
            if (call != null && call.getValue().toNumber() >= fence) {
                apart.computeIfAbsent(lossesBefore.get(call.getValue()), (none) -> new ArrayList<>())
                        .add(time);
            }
        });
        return apart.values();
    }

    private static int neverAdmittedMoreThan(int limit, Duration window, List<Long> times) {
        long windowMicros = window.toNanos() / 1_000;
        int most = 0;
        for (int first = 0, last = 0; last < times.size(); last++) {
            while (times.get(last) - times.get(first) > windowMicros) {
                first++;
            }
            most = Math.max(most, last - first + 1);
        }
        assertThat(most).as("admissions within %s", window).isLessThanOrEqualTo(limit);
        return most;
    }

    /** The times of all grants by Redis' clock: those with slots that the witness saw, and those of rates alone that workers were told. */
    private List<Long> admissions() {
        return admissionsByFence().values().stream().sorted().toList();
    }

    private Map<Long, Long> admissionsByFence() {
        Map<Long, Long> byFence = new HashMap<>();
        this.history.everywhere(Granted.class).forEach((granted) -> byFence.put(granted.fence(), granted.atMicros()));
        this.history.occurrences(Event.ADMITTED).forEach((told) -> byFence.put(told.number(), told.call()));
        return byFence;
    }

    /**
     * Grants go in the order of the queue, score before ticket: nobody is overtaken, and nobody barges. The priority of a call that was not
     * told of its grant is not known.
     */
    HistoryChecker grantedInQueueOrder() {
        TreeSet<Queued> queue = new TreeSet<>(PLACE);
        Map<String, Queued> byTicket = new HashMap<>();
        Map<Long, Integer> priorities = this.history
                .occurrences(Event.GRANTED)
                .collect(Collectors.toMap(
                        Occurrence::number, (told) -> Integer.parseInt(told.text()), (one, other) -> one));
        for (Step step : this.history.steps()) {
            if (step instanceof Queued queued) {
                queue.add(queued);
                byTicket.put(queued.ticket(), queued);
            } else if (step instanceof Dropped) {
                queue.remove(byTicket.remove(step.ticket()));
            } else if (step instanceof Restarted restarted) {
                queue.clear();
                byTicket.clear();
                restarted.queue().forEach((queued) -> {
                    queue.add(queued);
                    byTicket.put(queued.ticket(), queued);
                });
            } else if (step instanceof Granted granted && granted.fromQueue()) {
                assertThat(queue.pollFirst())
                        .as("head of the queue at %s", granted)
                        .isEqualTo(byTicket.get(step.ticket()));
            } else if (step instanceof Granted granted && !queue.isEmpty() && priorities.containsKey(granted.fence())) {
                long sequence = granted.fence();
                double score = sequence - (double) PRIORITY_STEP * priorities.get(sequence);
                assertThat(PLACE.compare(new Queued(granted.ticket(), sequence, score), queue.first()))
                        .as("%s goes before the head %s", granted, queue.first())
                        .isNegative();
            }
        }
        return this;
    }

    /** Every grant has a greater fence than those before it, and no two calls were told the same. */
    HistoryChecker fencesGrow() {
        List<Long> fences = this.history.grants().map(Granted::fence).toList();
        for (int i = 1; i < fences.size(); i++) {
            assertThat(fences.get(i)).as("fence of grant %d", i).isGreaterThan(fences.get(i - 1));
        }
        assertThat(told(Event.GRANTED)).as("fences that calls were told").doesNotHaveDuplicates();
        return this;
    }

    /** granted (and put back) = released + expired + held: what ends was granted before, and ends once; calls have what Redis granted, and no more. */
    HistoryChecker conserved() {
        Set<String> held = new HashSet<>();
        for (Step step : this.history.steps()) {
            if (step instanceof Granted || step instanceof PutBack) {
                assertThat(held.add(step.ticket()))
                        .as("%s is granted while it is held", step)
                        .isTrue();
            } else if (step instanceof Freed) {
                assertThat(held.remove(step.ticket()))
                        .as("%s while it is not held", step)
                        .isTrue();
            } else if (step instanceof Renewed) {
                assertThat(held).as("holders at %s", step).contains(step.ticket());
            } else if (step instanceof Restarted restarted) {
                held.clear();
                held.addAll(restarted.held().keySet());
            }
        }
        Set<Long> granted = Stream.concat(
                        this.history.everywhere(Granted.class).map(Granted::fence), told(Event.ADMITTED).stream())
                .collect(Collectors.toSet());
        assertThat(without(granted, told(Event.GRANTED)).stream().filter((fence) -> !isBlindAt(fence)))
                .as("fences that calls were told and Redis did not grant")
                .isEmpty();
        assertThat(without(Set.copyOf(told(Event.GRANTED)), told(Event.CLOSING)))
                .as("fences of permits that were closed and not granted before")
                .isEmpty();
        return this;
    }

    /** What was refused was never granted, and holds no place in the queue. */
    HistoryChecker refusalsTookNothing() {
        Set<String> refused = this.history
                .occurrences(Event.TURNED_AWAY)
                .map(Occurrence::text)
                .collect(Collectors.toSet());
        assertThat(this.history.steps().stream().filter((step) -> refused.contains(step.ticket())))
                .as("steps of tickets that were refused")
                .isEmpty();
        return this;
    }

    /** Every grant of Redis has reached its call, or was given back by its instance. */
    HistoryChecker everyGrantArrived() {
        Set<Long> told = Set.copyOf(told(Event.GRANTED));
        Set<Granted> lost = new HashSet<>();
        for (Step step : this.history.steps()) {
            if (step instanceof Granted granted && !told.contains(granted.fence())) {
                lost.add(granted);
            } else if (step instanceof Freed freed && freed.byOwner()) {
                lost.removeIf((granted) -> granted.ticket().equals(freed.ticket()));
            }
        }
        assertThat(lost).as("grants that no call was told of").isEmpty();
        return this;
    }

    /** No slot was taken back from its holder, and no worker has seen its permit lost. */
    HistoryChecker nothingTakenBack() {
        assertThat(this.history.steps(Freed.class).filter((freed) -> !freed.byOwner()))
                .isEmpty();
        assertThat(this.history.occurrences(Event.LOST)).isEmpty();
        assertThat(this.history.occurrences(Event.CLOSING_LATE)).isEmpty();
        return this;
    }

    /** At the end nothing is held by a lease that is not over, and nobody waits. */
    HistoryChecker nothingLeft() {
        Map<String, Long> leftUntil = new HashMap<>();
        for (Step step : this.history.steps()) {
            if (step instanceof Queued) {
                leftUntil.put(step.ticket(), Long.MAX_VALUE);
            } else if (step instanceof Granted granted) {
                leftUntil.put(step.ticket(), granted.leaseEndMicros());
            } else if (step instanceof PutBack back) {
                leftUntil.put(step.ticket(), back.leaseEndMicros());
            } else if (step instanceof Renewed renewed) {
                leftUntil.put(step.ticket(), renewed.leaseEndMicros());
            } else if (step instanceof Restarted restarted) {
                leftUntil.clear();
                restarted.held().forEach((permit, lease) -> leftUntil.put(permit, lease.endMicros()));
                restarted.queue().forEach((ticket) -> leftUntil.put(ticket.ticket(), Long.MAX_VALUE));
            } else {
                leftUntil.remove(step.ticket());
            }
        }
        leftUntil.values().removeIf((until) -> until <= this.history.endMicros());
        assertThat(leftUntil).as("tickets and permits at the end").isEmpty();
        return this;
    }

    private boolean isBlindAt(long fence) {
        return this.history.everywhere(Restarted.class).anyMatch((restarted) -> restarted.isBlindAt(fence));
    }

    private static List<Long> without(Set<Long> known, List<Long> all) {
        return all.stream().filter((one) -> !known.contains(one)).toList();
    }

    private List<Long> told(Event event) {
        return this.history.occurrences(event).map(Occurrence::number).toList();
    }
}
