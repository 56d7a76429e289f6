package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ratelimit.testkit.RedisServer;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Virtual threads, where Java has them. */
@Tag("newer-java")
class VirtualThreadTests {

    private static final int CALLS = 1_000;

    @Test
    void aThousandCallsThatWaitPinNothing() throws IOException {
        assumeThat(Runtime.version().feature()).as("Java with virtual threads").isGreaterThanOrEqualTo(21);
        Path file = Files.createTempFile("virtual-threads", ".jfr");
        try (RunningApplication application = Stack.MVC.start(
                        RedisServer.shared(),
                        "ratelimit.key-prefix=virtual:",
                        "ratelimit.resources.virtual.max-queue=" + CALLS,
                        "spring.threads.virtual.enabled=true");
                Recording recording = new Recording()) {
            // loading a class pins, whoever needs it first
            waitTogether(application, 50);
            recording
                    .enable("jdk.VirtualThreadPinned")
                    .withThreshold(Duration.ZERO)
                    .withStackTrace();
            recording.enable("jdk.VirtualThreadStart").withoutStackTrace();
            recording.start();
            waitTogether(application, CALLS);
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        Files.delete(file);
        assertThat(events.stream()
                        .filter((event) -> event.getEventType().getName().equals("jdk.VirtualThreadStart")))
                .hasSizeGreaterThanOrEqualTo(CALLS);
        assertThat(events.stream()
                        .filter((event) -> event.getEventType().getName().equals("jdk.VirtualThreadPinned"))
                        .filter(VirtualThreadTests::isOurs))
                .isEmpty();
    }

    private static void waitTogether(RunningApplication application, int count) {
        Work work = application.bean(Work.class);
        work.begin();
        List<CompletableFuture<HttpResponse<String>>> calls = Stream.generate(
                        () -> application.send("GET", "/waiting", ""))
                .limit(count)
                .toList();
        application.awaitHolders("virtual", 10);
        application.awaitQueue("virtual", count - 10);
        work.end().complete("done");
        assertThat(calls).allSatisfy((call) -> {
            assertThat(call.join().statusCode()).isEqualTo(200);
            assertThat(call.join().body()).startsWith("VirtualThread[");
        });
        application.awaitHolders("virtual", 0);
    }

    /** Whether the code that blocked is ours: the first in the stack that is not of the JDK. */
    private static boolean isOurs(RecordedEvent event) {
        return event.getStackTrace() == null
                || event.getStackTrace().getFrames().stream()
                        .map((frame) -> frame.getMethod().getType().getName())
                        .filter((name) -> !name.matches("(java|jdk|sun)\\..*"))
                        .findFirst()
                        .filter((name) -> name.startsWith("io.ratelimit.") && !name.contains(".compatibility."))
                        .isPresent();
    }
}
