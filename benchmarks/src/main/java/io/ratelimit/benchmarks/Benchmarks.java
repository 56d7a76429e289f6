package io.ratelimit.benchmarks;

import java.util.Optional;

/** Runs the load that its arguments ask for; see {@link Options}. */
public final class Benchmarks {

    private Benchmarks() {}

    /**
     * Runs the load and prints the results.
     *
     * @param arguments what to run, and how
     */
    public static void main(String[] arguments) throws Exception {
        Options options = Options.parse(arguments);
        Optional<ResultsFile> file = Optional.empty();
        if (options.markdown().isPresent()) {
            file = Optional.of(ResultsFile.read(options.markdown().get()));
        }
        Report report = new Report("%s. Rounds: %d of %d ms, after %d ms of warm-up."
                .formatted(
                        Machine.describe(),
                        options.rounds(),
                        options.pass().toMillis(),
                        options.warmup().toMillis()));
        for (Workload workload : options.loads()) {
            report.add(workload, Contest.run(workload, options));
        }
        if (options.handover()) {
            report.add(HandoverContest.run(options));
        }
        System.out.printf("%n%s", report);
        if (file.isPresent()) {
            file.get().write(report.toString());
        }
    }
}
