package io.ratelimit.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A document with a place for results between two marks. Read before the load runs, so that a mistake shows at once.
 */
final class ResultsFile {

    private static final String BEGIN = "<!-- results -->\n";

    private static final String END = "<!-- end of results -->\n";

    private final Path path;

    private final String before;

    private final String after;

    private ResultsFile(Path path, String before, String after) {
        this.path = path;
        this.before = before;
        this.after = after;
    }

    static ResultsFile read(Path path) throws IOException {
        String text = Files.readString(path);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException("%s has no lines %sand %s".formatted(path, BEGIN, END));
        }
        return new ResultsFile(path, text.substring(0, begin + BEGIN.length()), text.substring(end));
    }

    /** Replaces the results it had. */
    void write(String results) throws IOException {
        Files.writeString(this.path, this.before + "\n" + results + "\n" + this.after);
    }
}
