package io.ratelimit.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The main program of a JVM full of waiters. Is told on its standard input, line by line, who hands over the slots, how many threads
 * wait, for how many milliseconds, and the file to write their turns into; answers each line when it is done.
 */
public final class SlotsWorker {

    static final String READY = "ready";

    static final String DONE = "done";

    private static final Duration HOLD = Duration.ofMillis(2);

    private final Slots slots;

    private final long endNanos;

    private SlotsWorker(Slots slots, long endNanos) {
        this.slots = slots;
        this.endNanos = endNanos;
    }

    /**
     * Runs until the standard input ends.
     *
     * @param arguments the port of Redis, then the subjects
     */
    public static void main(String[] arguments) throws Exception {
        Map<SlotsSubject, Slots> subjects = new EnumMap<>(SlotsSubject.class);
        for (String name : List.of(arguments).subList(1, arguments.length)) {
            SlotsSubject subject = SlotsSubject.valueOf(name);
            subjects.put(subject, subject.open(Integer.parseInt(arguments[0])));
        }
        System.out.println(READY);
        BufferedReader tasks = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String task = tasks.readLine(); task != null; task = tasks.readLine()) {
            String[] fields = task.split(" ", 4);
            Slots slots = subjects.get(SlotsSubject.valueOf(fields[0]));
            if (slots == null) {
                throw new IllegalArgumentException("Not opened: " + fields[0]);
            }
            long endNanos = System.nanoTime()
                    + Duration.ofMillis(Long.parseLong(fields[2])).toNanos();
            List<Runner> runners = new SlotsWorker(slots, endNanos).run(Integer.parseInt(fields[1]));
            write(runners, Path.of(fields[3]));
            System.out.println(DONE);
        }
        subjects.values().forEach(Slots::close);
    }

    private List<Runner> run(int threads) throws InterruptedException {
        List<Runner> runners = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Runner runner = new Runner();
            runner.start();
            runners.add(runner);
        }
        for (Runner runner : runners) {
            runner.join();
        }
        return runners;
    }

    private static void write(List<Runner> runners, Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Runner runner : runners) {
            runner.turns.forEach((turn) -> lines.add(turn.toString()));
            runner.mistakes.forEach((mistake) -> lines.add("# " + mistake));
        }
        Files.write(file, lines);
    }

    private final class Runner extends Thread {

        private final List<Turn> turns = new ArrayList<>();

        private final List<String> mistakes = new ArrayList<>();

        @Override
        public void run() {
            while (System.nanoTime() - SlotsWorker.this.endNanos < 0) {
                try {
                    once();
                } catch (Exception ex) {
                    this.mistakes.add(ex.toString().replace('\n', ' '));
                }
            }
        }

        private void once() throws Exception {
            long askedNanos = System.nanoTime();
            Optional<Slots.Slot> slot = SlotsWorker.this.slots.take();
            long grantedNanos = System.nanoTime();
            if (slot.isEmpty()) {
                this.mistakes.add("the wait ran out");
                return;
            }
            LockSupport.parkNanos(HOLD.toNanos());
            long closingNanos = System.nanoTime();
            slot.get().giveBack();
            this.turns.add(new Turn(askedNanos, grantedNanos, closingNanos));
        }
    }
}
