package io.ratelimit.wholesystem;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Writes what happens in a worker to its standard output: one line in one write, which is out once this returns, whatever happens to the
 * process then. Thread-safe.
 */
final class Reports {

    // not System.out, whose buffers a SIGKILL would empty into nothing
    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

    private Reports() {}

    static void report(Event event, long call, long number) {
        report(event, System.nanoTime(), call, number, "-");
    }

    static void report(Event event, long call, long number, String text) {
        report(event, System.nanoTime(), call, number, text);
    }

    static void report(Event event, long nanos, long call, long number, String text) {
        String line = new Occurrence(0, event, nanos, call, number, text.replaceAll("\\s", " ")).format() + '\n';
        try {
            OUT.write(line.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
