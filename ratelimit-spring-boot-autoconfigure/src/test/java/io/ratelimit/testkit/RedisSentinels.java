package io.ratelimit.testkit;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import redis.embedded.RedisSentinel;
import redis.embedded.core.RedisSentinelBuilder;

/**
 * A real Redis master with replicas, watched by three Sentinels, on free ports of this machine.
 */
public final class RedisSentinels implements AutoCloseable {

    /** The name that the Sentinels know the master by. */
    public static final String MASTER = "limits";

    private static final String HOST = "127.0.0.1";

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

    /** By port. */
    private final Map<Integer, RedisServer> servers = new TreeMap<>();

    private final List<RedisSentinel> sentinels = new ArrayList<>();

    private final Map<Integer, StatefulRedisConnection<String, String>> connections = new TreeMap<>();

    private final RedisClient client = RedisClient.create();

    private RedisSentinels() {}

    /**
     * Starts a master, its replicas and three Sentinels that know all of them when this returns.
     *
     * @param replicas how many replicas
     * @param settings lines of the configuration file of each server
     */
    public static RedisSentinels start(int replicas, String... settings) {
        RedisSentinels started = new RedisSentinels();
        try {
            started.startServers(replicas, settings);
            // a Sentinel asks a master for its replicas when it starts, and then every ten seconds
            Awaitility.await("replicas that follow").atMost(LONGEST_WAIT).until(started::isReplicated);
            for (int i = 0; i < 3; i++) {
                started.startSentinel();
            }
            started.awaitHealth(replicas);
            return started;
        } catch (IOException ex) {
            started.close();
            throw new UncheckedIOException(ex);
        } catch (RuntimeException | Error ex) {
            started.close();
            throw ex;
        }
    }

    private void startServers(int replicas, String... settings) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.add("repl-diskless-sync-delay 0");
        RedisServer master = RedisServer.start(all.toArray(String[]::new));
        this.servers.put(master.port(), master);
        all.add("replicaof " + HOST + " " + master.port());
        for (int i = 0; i < replicas; i++) {
            RedisServer replica = RedisServer.start(all.toArray(String[]::new));
            this.servers.put(replica.port(), replica);
        }
    }

    private void startSentinel() throws IOException {
        int port = RedisServer.freePort();
        int master = this.servers.keySet().stream()
                .filter((server) -> commands(server).info("replication").contains("role:master"))
                .findFirst()
                .orElseThrow();
        Path directory = RedisServer.temporaryDirectory("redis-sentinel-");
        RedisSentinelBuilder builder = RedisSentinel.newRedisSentinel()
                .executableProvider(RedisServer::binary)
                .bind(HOST)
                .port(port)
                .setting("dir " + directory)
                .masterName(MASTER)
                .masterPort(master)
                .quorumSize(2)
                .downAfterMilliseconds(1_000)
                .failOverTimeout(5_000)
                .parallelSyncs(1)
                .onShutdownForceStop(true);
        builder.addDefaultReplicationGroup();
        RedisSentinel sentinel = builder.build();
        sentinel.start();
        this.sentinels.add(sentinel);
    }

    private void awaitHealth(int replicas) {
        Awaitility.await("Sentinels that know of all")
                .atMost(LONGEST_WAIT)
                .until(() -> this.sentinels.stream().allMatch((sentinel) -> {
                    Map<String, String> master = asked(sentinel);
                    return master.get("num-slaves").equals(Integer.toString(replicas))
                            && master.get("num-other-sentinels").equals("2")
                            && master.get("flags").equals("master");
                }));
    }

    private boolean isReplicated() {
        return this.servers.keySet().stream()
                .map((port) -> commands(port).info("replication"))
                .allMatch((info) -> info.contains("role:master") || info.contains("master_link_status:up"));
    }

    private Map<String, String> asked(RedisSentinel sentinel) {
        try (StatefulRedisSentinelConnection<String, String> connection = this.client.connectSentinel(
                RedisURI.create(HOST, sentinel.ports().get(0)))) {
            return connection.sync().master(MASTER);
        }
    }

    /** The server of a port. */
    public RedisServer server(int port) {
        return this.servers.get(port);
    }

    /** The port of the master, as the first Sentinel knows it. */
    public int master() {
        return master(this.sentinels.get(0));
    }

    /** Returns whether all Sentinels say that the server of a port is the master. */
    public boolean allName(int port) {
        return this.sentinels.stream().allMatch((sentinel) -> master(sentinel) == port);
    }

    private int master(RedisSentinel sentinel) {
        try (StatefulRedisSentinelConnection<String, String> connection = this.client.connectSentinel(
                RedisURI.create(HOST, sentinel.ports().get(0)))) {
            InetSocketAddress address = (InetSocketAddress) connection.sync().getMasterAddrByName(MASTER);
            return address.getPort();
        }
    }

    /** The ports of those that follow it. */
    public List<Integer> replicas() {
        int master = master();
        return this.servers.keySet().stream().filter((port) -> port != master).toList();
    }

    /** Addresses of the Sentinels, as {@code spring.data.redis.sentinel.nodes} takes them. */
    public String addresses() {
        return this.sentinels.stream()
                .map((sentinel) -> HOST + ":" + sentinel.ports().get(0))
                .collect(Collectors.joining(","));
    }

    /** Commands to one server. */
    public RedisCommands<String, String> commands(int port) {
        return this.connections
                .computeIfAbsent(port, (absent) -> this.client.connect(RedisURI.create(HOST, absent)))
                .sync();
    }

    /** Ends a server as {@code kill -9} does. */
    public void kill(int port) {
        StatefulRedisConnection<String, String> connection = this.connections.remove(port);
        if (connection != null) {
            connection.close();
        }
        this.servers.remove(port).kill();
    }

    /** Waits until there is another master than that of a port. */
    public void awaitMasterOtherThan(int port) {
        Awaitility.await("a new master").atMost(LONGEST_WAIT).until(() -> {
            int now = master();
            return now != port && commands(now).info("replication").contains("role:master");
        });
    }

    /** Ends all. */
    @Override
    public void close() {
        this.client.shutdown(Duration.ZERO, Duration.ZERO);
        this.sentinels.forEach((sentinel) -> {
            try {
                sentinel.stop();
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        });
        this.servers.values().forEach(RedisServer::kill);
        this.servers.clear();
    }
}
