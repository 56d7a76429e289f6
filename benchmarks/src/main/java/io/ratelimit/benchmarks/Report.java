package io.ratelimit.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** All results as Markdown, for the terminal and for a file. */
final class Report {

    private static final String BEGIN = "<!-- results -->\n";

    private static final String END = "<!-- end of results -->\n";

    private final List<String> sections = new ArrayList<>();

    void add(Workload workload, List<ContestResult> results) {
        Table table = ContestResult.newTable();
        results.forEach((result) -> result.addTo(table));
        add("`%s`: %s".formatted(workload, workload.description()), table);
    }

    void add(List<HandoverResult> results) {
        Table table = HandoverResult.newTable();
        results.forEach((result) -> result.addTo(table));
        add(
                "`%s`: %d slots, held 2 ms each, a crowd of waiters in 2 JVMs"
                        .formatted(HandoverContest.NAME, Slots.COUNT),
                table);
    }

    private void add(String title, Table table) {
        this.sections.add("### %s\n\n%s".formatted(title, table));
    }

    /**
     * Puts the results into a file, in place of those it had between its two marks.
     *
     * @param file the file
     * @param introduction what stands before the tables
     */
    void writeInto(Path file, String introduction) throws IOException {
        String text = Files.readString(file);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException("%s has no lines %sand %s".formatted(file, BEGIN, END));
        }
        Files.writeString(
                file,
                text.substring(0, begin + BEGIN.length())
                        + "\n" + introduction + "\n\n" + this + "\n"
                        + text.substring(end));
    }

    @Override
    public String toString() {
        return String.join("\n", this.sections);
    }
}
