package io.ratelimit.testkit;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;

import io.lettuce.core.MigrateArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.models.partitions.ClusterPartitionParser;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;

/**
 * A real Redis Cluster on free ports of this machine: masters that share all slots, and replicas.
 *
 * <p>The nodes are told of each other by the file that a node keeps its view of the cluster in, so that nobody has to introduce them.
 */
public final class RedisCluster implements AutoCloseable {

    private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

    /** By port. */
    private final Map<Integer, RedisServer> nodes = new TreeMap<>();

    private final Map<Integer, StatefulRedisConnection<String, String>> connections = new TreeMap<>();

    private final RedisClient client = RedisClient.create();

    private RedisCluster() {}

    /** The cluster of three masters that all tests of this JVM share, started on first use and ended with the JVM. Do not close it. */
    public static RedisCluster shared() {
        return Shared.CLUSTER;
    }

    /**
     * Starts a cluster of the caller's own, which takes commands on all slots when this returns.
     *
     * @param masters how many masters
     * @param replicasEach how many replicas each of them has
     * @param settings lines of the configuration file of each node
     */
    public static RedisCluster start(int masters, int replicasEach, String... settings) {
        RedisCluster cluster = new RedisCluster();
        try {
            List<Node> plan = plan(masters, replicasEach);
            for (Node node : plan) {
                cluster.start(node, plan, settings);
            }
            cluster.awaitHealth();
            return cluster;
        } catch (IOException ex) {
            cluster.close();
            throw new UncheckedIOException(ex);
        } catch (RuntimeException | Error ex) {
            cluster.close();
            throw ex;
        }
    }

    private static List<Node> plan(int masters, int replicasEach) {
        List<Node> plan = new ArrayList<>();
        for (int master = 0; master < masters; master++) {
            int first = SlotHash.SLOT_COUNT * master / masters;
            int last = SlotHash.SLOT_COUNT * (master + 1) / masters - 1;
            Node leader = new Node(plan.size() + 1, "master -", master + 1, " " + first + "-" + last, replicasEach > 0);
            plan.add(leader);
            for (int replica = 0; replica < replicasEach; replica++) {
                plan.add(new Node(plan.size() + 1, "slave " + leader.id(), master + 1, "", true));
            }
        }
        return plan;
    }

    private void start(Node node, List<Node> plan, String... settings) throws IOException {
        Path directory = RedisServer.temporaryDirectory("redis-cluster-");
        String view = plan.stream().map((other) -> other.line(other == node)).collect(joining());
        Files.writeString(
                directory.resolve("nodes.conf"),
                view + "vars currentEpoch %d lastVoteEpoch 0\n".formatted(plan.size()));
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(
                "cluster-enabled yes",
                "cluster-config-file nodes.conf",
                "cluster-port " + node.busPort(),
                // short where somebody is to take over; a busy machine must not make others look dead
                "cluster-node-timeout " + (node.isReplicated() ? 1_500 : 15_000),
                "cluster-replica-validity-factor 0",
                "repl-diskless-sync-delay 0"));
        RedisServer server = RedisServer.startIn(directory, node.port(), all.toArray(String[]::new));
        this.nodes.put(server.port(), server);
    }

    private void awaitHealth() {
        Awaitility.await("health of the cluster").atMost(LONGEST_WAIT).until(this::isHealthy);
    }

    /** Returns whether all nodes that run say that all slots are served and all replicas follow. */
    public boolean isHealthy() {
        return this.nodes.keySet().stream().allMatch((port) -> {
            RedisCommands<String, String> commands = commands(port);
            return commands.clusterInfo().contains("cluster_state:ok")
                    && (commands.info("replication").contains("role:master")
                            || commands.info("replication").contains("master_link_status:up"));
        });
    }

    /** The nodes that have not been killed. */
    public Collection<RedisServer> nodes() {
        return this.nodes.values();
    }

    /** Their addresses, as {@code spring.data.redis.cluster.nodes} takes them. */
    public String addresses() {
        return this.nodes.values().stream()
                .map((node) -> node.host() + ":" + node.port())
                .collect(joining(","));
    }

    /** Commands to one node. */
    public RedisCommands<String, String> commands(int port) {
        return this.connections
                .computeIfAbsent(port, (absent) -> this.client.connect(RedisURI.create("127.0.0.1", absent)))
                .sync();
    }

    /** The port of the master that serves a key, as the first node knows it. */
    public int masterOf(String key) {
        return masterOf(SlotHash.getSlot(key));
    }

    private int masterOf(int slot) {
        return view().stream()
                .filter((node) -> node.is(RedisClusterNode.NodeFlag.UPSTREAM) && node.hasSlot(slot))
                .findFirst()
                .orElseThrow()
                .getUri()
                .getPort();
    }

    private List<RedisClusterNode> view() {
        int first = this.nodes.keySet().iterator().next();
        return ClusterPartitionParser.parse(commands(first).clusterNodes()).getPartitions();
    }

    /** The ports of the nodes that follow a master. */
    public List<Integer> replicas() {
        return view().stream()
                .filter((node) -> node.is(RedisClusterNode.NodeFlag.REPLICA))
                .map((node) -> node.getUri().getPort())
                .toList();
    }

    /** The channels of a prefix that somebody hears, on whichever node that runs. */
    public Set<String> channels(String prefix) {
        return this.nodes.keySet().stream()
                .flatMap((port) -> commands(port).pubsubChannels(prefix + "*").stream())
                .collect(toSet());
    }

    private String idOf(int port) {
        return commands(port).clusterMyId();
    }

    /** Returns the port of a master that does not serve a key. */
    public int anotherMasterThan(int port) {
        return view().stream()
                .filter((node) -> node.is(RedisClusterNode.NodeFlag.UPSTREAM)
                        && !node.getSlots().isEmpty())
                .map((node) -> node.getUri().getPort())
                .filter((other) -> other != port)
                .findFirst()
                .orElseThrow();
    }

    /**
     * Moves the slot of a key to another master, key by key, as {@code redis-cli --cluster reshard} does.
     *
     * @param key the key
     * @param target the port of the master that is to serve it
     * @param meanwhile runs when some of the slot's keys may be here and some there: after each key that was moved
     */
    public void move(String key, int target, Runnable meanwhile) {
        int slot = SlotHash.getSlot(key);
        int source = masterOf(slot);
        String sourceId = idOf(source);
        String targetId = idOf(target);
        commands(target).clusterSetSlotImporting(slot, sourceId);
        commands(source).clusterSetSlotMigrating(slot, targetId);
        meanwhile.run();
        for (List<String> keys = commands(source).clusterGetKeysInSlot(slot, 1);
                !keys.isEmpty();
                keys = commands(source).clusterGetKeysInSlot(slot, 1)) {
            commands(source).migrate("127.0.0.1", target, 0, 60_000, MigrateArgs.Builder.keys(keys));
            meanwhile.run();
        }
        commands(target).clusterSetSlotNode(slot, targetId);
        commands(source).clusterSetSlotNode(slot, targetId);
        for (int port : this.nodes.keySet()) {
            if (commands(port).info("replication").contains("role:master")) {
                commands(port).clusterSetSlotNode(slot, targetId);
            }
        }
    }

    /** Ends a node as {@code kill -9} does. */
    public void kill(int port) {
        this.connections.remove(port).close();
        this.nodes.remove(port).kill();
    }

    /** Waits until another node than that of a port serves a key, and all slots are served. */
    public void awaitMasterOtherThan(int port, String key) {
        Awaitility.await("a new master")
                .atMost(LONGEST_WAIT)
                .until(() -> masterOf(key) != port && this.nodes.containsKey(masterOf(key)) && isHealthy());
    }

    /** Deletes all keys. */
    void flush() {
        this.nodes.keySet().forEach((port) -> commands(port).flushall());
    }

    /** Ends all nodes. */
    @Override
    public void close() {
        this.client.shutdown(Duration.ZERO, Duration.ZERO);
        this.nodes.values().forEach(RedisServer::kill);
        this.nodes.clear();
    }

    /** A node to be started. */
    private record Node(int port, int busPort, String id, String role, int epoch, String slots, boolean isReplicated) {

        Node(int number, String role, int epoch, String slots, boolean isReplicated) {
            this(
                    RedisServer.freePort(),
                    RedisServer.freePort(),
                    IntStream.range(0, 40)
                            .mapToObj((i) -> Integer.toHexString(number % 16))
                            .collect(joining()),
                    role,
                    epoch,
                    slots,
                    isReplicated);
        }

        String line(boolean myself) {
            return "%s 127.0.0.1:%d@%d %s%s 0 0 %d connected%s\n"
                    .formatted(
                            this.id,
                            this.port,
                            this.busPort,
                            myself ? "myself," : "",
                            this.role,
                            this.epoch,
                            this.slots);
        }
    }

    private static final class Shared {

        private static final RedisCluster CLUSTER = RedisCluster.start(3, 0);
    }
}
