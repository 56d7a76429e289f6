package io.ratelimit.wholesystem;

import com.sun.management.OperatingSystemMXBean;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The main program of one worker JVM: an instance of an application that uses limits, without Spring around it. It does what the lines of
 * its standard input say, and writes one line for every event to its standard output; see {@link Event}.
 */
public final class Worker {

    private final LimiterEngine engine;

    private final WorkerCalls calls;

    private Worker(LimiterEngine engine) {
        this.engine = engine;
        this.calls = new WorkerCalls(engine);
    }

    /**
     * Carries out commands until there are no more, then stops the engine as an application does that shuts down.
     *
     * @param arguments the port of Redis, then a {@link Setup}
     */
    public static void main(String[] arguments) throws Exception {
        LettuceConnectionFactory connections = RedisConnections.open("127.0.0.1", Integer.parseInt(arguments[0]));
        RedisBackend backend = new RedisBackend(connections, Setup.PREFIX, Setup.COMMAND_TIMEOUT);
        List<String> setup = List.of(arguments).subList(1, arguments.length);
        LimiterEngine engine = new LimiterEngine(
                Setup.parse(setup).toRegistry(), new RecordingBackend(backend), new MemoryBackend(), List.of());
        engine.start();
        engine.inspect(Setup.RESOURCE, null).get(30, TimeUnit.SECONDS);
        Reports.report(Event.READY, 0, 0, engine.instance());
        new Worker(engine).run();
        engine.stop();
        engine.close();
        backend.close();
        connections.destroy();
        Reports.report(Event.DONE, 0, 0);
        System.exit(0);
    }

    private void run() throws Exception {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            carryOut(line.split(" "));
            Reports.report(Event.DID, 0, 0);
        }
    }

    private void carryOut(String[] command) {
        switch (command[0]) {
            case "acquire" -> this.calls.acquire(Integer.parseInt(command[1]), Call.parse(command));
            case "block" -> this.calls.block(Integer.parseInt(command[1]), Call.parse(command));
            case "load" ->
                this.calls.load(Integer.parseInt(command[1]), Duration.parse(command[2]), Call.parse(command));
            case "close" -> this.calls.close(Integer.parseInt(command[1]));
            case "cancel" -> this.calls.cancel(Integer.parseInt(command[1]));
            case "stop" -> this.engine.stop();
            case "cpu" -> Reports.report(Event.CPU, 0, cpuNanos());
            default -> throw new IllegalArgumentException("Unknown command " + command[0]);
        }
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
