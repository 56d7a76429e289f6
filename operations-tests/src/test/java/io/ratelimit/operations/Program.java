package io.ratelimit.operations;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program that runs beside the tests, with its output in a file.
 */
record Program(Process process, Path output) implements AutoCloseable {

    private static final Path TARGET = Path.of(System.getProperty("ratelimit.target"));

    static Program start(String name, List<String> command) {
        Path output = file(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .directory(TARGET.toFile());
        try {
            return new Program(builder.start(), output);
        } catch (IOException ex) {
            throw new UncheckedIOException("Install " + command.get(0) + ": .ci/run says how", ex);
        }
    }

    /** Returns a file or directory of this build. */
    static Path file(String name) {
        return TARGET.resolve(name);
    }

    /** Returns a file of the project, which must be there. */
    static File ofTheProject(String path) {
        File file = new File(System.getProperty("ratelimit.home"), path);
        if (!file.exists()) {
            throw new IllegalStateException("There is no " + file);
        }
        return file;
    }

    void checkRunning() {
        if (!this.process.isAlive()) {
            throw new IllegalStateException(
                    "It ended with status %d, see %s".formatted(this.process.exitValue(), this.output));
        }
    }

    @Override
    public void close() {
        this.process.destroy();
        try {
            if (!this.process.waitFor(30, TimeUnit.SECONDS)) {
                this.process.destroyForcibly();
            }
        } catch (InterruptedException ex) {
            this.process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
