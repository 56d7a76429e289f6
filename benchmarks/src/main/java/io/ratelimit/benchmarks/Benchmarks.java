package io.ratelimit.benchmarks;

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
        Report report = new Report();
        for (Workload workload : options.loads()) {
            report.add(workload, Contest.run(workload, options));
        }
        if (options.handover()) {
            report.add(HandoverContest.run(options));
        }
        String introduction = "%s. %d rounds of %d ms after %d ms of warm-up."
                .formatted(
                        Machine.describe(),
                        options.rounds(),
                        options.pass().toMillis(),
                        options.warmup().toMillis());
        System.out.printf("%n%s%n%n%s", introduction, report);
        if (options.markdown().isPresent()) {
            report.writeInto(options.markdown().get(), introduction);
        }
    }
}
