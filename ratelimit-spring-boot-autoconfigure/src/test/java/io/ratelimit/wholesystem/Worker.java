package io.ratelimit.wholesystem;

import com.sun.management.OperatingSystemMXBean;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.engine.LimiterEngine;
import io.ratelimit.memory.MemoryBackend;
import io.ratelimit.redis.RedisBackend;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.RedisSentinels;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The main program of a worker JVM: an instance of an application that uses limits, without Spring around it. It does what the lines of
 * its standard input say, and writes one line for every event to its standard output; see {@link Event}.
 */
public final class Worker implements AutoCloseable {

    private final LettuceConnectionFactory connections;

    private final RedisBackend backend;

    private final LimiterEngine engine;

    private final WorkerCalls calls;

    private Worker(String redis, Setup setup) throws Exception {
        this.connections = connect(redis);
        this.backend = new RedisBackend(this.connections, Setup.PREFIX, setup.commandTimeout());
        this.engine = new LimiterEngine(
                setup.toRegistry(), new RecordingBackend(this.backend), new MemoryBackend(), List.of(new Absences()));
        this.calls = new WorkerCalls(this.engine, setup);
        this.engine.start();
        Awaiting.until(
                "the backend answers", this::isAnswered, () -> "none"); // a cold JVM takes longer than a command may
        Reports.report(Event.READY, 0, 0, this.engine.operations().instance());
    }

    /** The address is a port of this machine, or {@code sentinel=} or {@code cluster=} and the addresses of the servers. */
    private static LettuceConnectionFactory connect(String address) {
        String[] words = address.split("=");
        if (words.length == 1) {
            return RedisConnections.open("127.0.0.1", Integer.parseInt(address));
        }
        List<String> nodes = List.of(words[1].split(","));
        LettuceConnectionFactory factory = words[0].equals("sentinel")
                ? new LettuceConnectionFactory(new RedisSentinelConfiguration(RedisSentinels.MASTER, Set.copyOf(nodes)))
                : new LettuceConnectionFactory(new RedisClusterConfiguration(nodes), refreshing());
        factory.afterPropertiesSet();
        factory.start();
        return factory;
    }

    /** As {@code spring.data.redis.lettuce.cluster.refresh.period} does it. */
    private static LettuceClientConfiguration refreshing() {
        return LettuceClientConfiguration.builder()
                .clientOptions(ClusterClientOptions.builder()
                        .topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                                .enablePeriodicRefresh(Duration.ofSeconds(1))
                                .build())
                        .build())
                .build();
    }

    private boolean isAnswered() throws Exception {
        try {
            this.engine.operations().inspect(Setup.RESOURCE, null).get(30, TimeUnit.SECONDS);
            return true;
        } catch (ExecutionException ex) {
            return false;
        }
    }

    /** Is one worker after the other, each from {@code begin} to {@code end}, until the standard input ends. */
    public static void main(String[] arguments) throws Exception {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            List<String> words = List.of(line.split(" "));
            try (Worker worker = new Worker(words.get(1), Setup.parse(words.subList(2, words.size())))) {
                worker.run(commands);
            }
            Reports.report(Event.DONE, 0, 0);
        }
        System.exit(0);
    }

    private void run(BufferedReader commands) throws Exception {
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            if (line.equals("end")) {
                return;
            }
            carryOut(line.split(" "));
            Reports.report(Event.DID, 0, 0);
        }
        System.exit(0); // whoever said what to do is gone
    }

    private void carryOut(String[] command) throws InterruptedException {
        switch (command[0]) {
            case "acquire" -> this.calls.acquire(Integer.parseInt(command[1]), Call.parse(command));
            case "block" -> this.calls.block(Integer.parseInt(command[1]), Call.parse(command));
            case "load" ->
                this.calls.load(Integer.parseInt(command[1]), Duration.parse(command[2]), Call.parse(command));
            case "unload" -> this.calls.unload();
            case "close" -> this.calls.close(Integer.parseInt(command[1]));
            case "cancel" -> this.calls.cancel(Integer.parseInt(command[1]));
            case "instances" ->
                Reports.report(Event.INSTANCES, 0, this.engine.operations().liveInstances());
            case "holders" ->
                Reports.report(
                        Event.HOLDERS,
                        0,
                        this.engine
                                .operations()
                                .inspect(Setup.RESOURCE, null)
                                .thenApply(PartitionSnapshot::holderCount)
                                .exceptionally((failure) -> Long.MAX_VALUE)
                                .join());
            case "stop" -> this.engine.stop();
            case "heap" -> Reports.report(Event.HEAP, 0, heapBytes());
            case "threads" ->
                Reports.report(
                        Event.THREADS, 0, ManagementFactory.getThreadMXBean().getThreadCount());
            case "cpu" -> Reports.report(Event.CPU, 0, cpuNanos());
            default -> throw new IllegalArgumentException("Unknown command " + command[0]);
        }
    }

    private static long heapBytes() {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    /** Stops the engine as an application does that shuts down. */
    @Override
    public void close() {
        this.engine.stop();
        this.engine.close();
        this.backend.close();
        this.connections.destroy();
    }
}
