package io.ratelimit.operations;

import static org.awaitility.Awaitility.await;

import com.jayway.jsonpath.JsonPath;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The sample application as it is delivered: its jar, in a JVM of its own, with the Redis that it brings.
 */
record Sample(Program program, Web web) implements AutoCloseable {

    static Sample start(String name, String... arguments) {
        int port = Web.freePort();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-jar",
                System.getProperty("ratelimit.sample"),
                "--server.port=" + port,
                "--sample.redis-port=" + Web.freePort()));
        command.addAll(List.of(arguments));
        Sample sample = new Sample(Program.start(name, command), new Web(port));
        await().atMost(Duration.ofMinutes(3)).until(() -> {
            sample.program.checkRunning();
            return sample.web.answers("/actuator/health");
        });
        return sample;
    }

    /** Returns a number of the endpoint. */
    long number(String resource, String jsonPath) {
        return JsonPath.<Number>read(this.web.get("/actuator/limits/" + resource), jsonPath)
                .longValue();
    }

    @Override
    public void close() {
        this.program.close();
    }
}
