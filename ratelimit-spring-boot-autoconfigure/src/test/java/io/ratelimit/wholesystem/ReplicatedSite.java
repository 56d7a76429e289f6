package io.ratelimit.wholesystem;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.ratelimit.testkit.RedisCluster;
import io.ratelimit.testkit.RedisSentinels;
import io.ratelimit.testkit.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.IntSupplier;

/**
 * A master with a replica that takes its place once, under Sentinels or in a cluster. Both are watched all the time: what is replicated is
 * known when the replica becomes master.
 */
final class ReplicatedSite implements RedisSite {

    private final AutoCloseable topology;

    private final String address;

    private final RedisServer first;

    private final Consumer<RedisProbe> replacement;

    /** Says on which port the partition is served. */
    private final IntSupplier serving;

    /** Says whether all whom clients ask name the server of a port. */
    private final IntPredicate known;

    private final int secondPort;

    private RedisProbe firstProbe;

    private final RedisProbe secondProbe;

    private final Witness firstWitness;

    private final Witness secondWitness;

    private final List<RedisServer> startedAgain = new ArrayList<>();

    private boolean isDown;

    private boolean isReplaced;

    private ReplicatedSite(
            AutoCloseable topology,
            String address,
            RedisServer first,
            IntSupplier serving,
            IntPredicate known,
            Consumer<RedisProbe> replacement) {
        this.topology = topology;
        this.serving = serving;
        this.known = known;
        this.address = address;
        this.first = first;
        this.replacement = replacement;
        this.firstProbe = new RedisProbe(first.port());
        this.firstWitness = Witness.of(first.port(), this.firstProbe);
        this.secondPort = this.firstProbe.replicaPort();
        this.secondProbe = new RedisProbe(this.secondPort);
        this.secondWitness = Witness.of(this.secondPort, this.secondProbe).stubborn();
    }

    static ReplicatedSite underSentinels() {
        RedisSentinels sentinels = RedisSentinels.start(1);
        String addresses = sentinels.addresses();
        return new ReplicatedSite(
                sentinels,
                "sentinel=" + addresses,
                sentinels.server(sentinels.master()),
                sentinels::master,
                sentinels::allName,
                (replica) -> failOver(addresses.split("[:,]")));
    }

    private static void failOver(String[] addresses) {
        RedisClient client = RedisClient.create();
        try (var sentinel = client.connectSentinel(RedisURI.create(addresses[0], Integer.parseInt(addresses[1])))) {
            sentinel.sync().failover(RedisSentinels.MASTER);
        } finally {
            client.shutdown(Duration.ZERO, Duration.ZERO);
        }
    }

    static ReplicatedSite inCluster() {
        RedisCluster cluster = RedisCluster.start(3, 1);
        int master = cluster.masterOf(Setup.PARTITION);
        return new ReplicatedSite(
                cluster,
                "cluster=" + cluster.addresses(),
                cluster.nodes().stream()
                        .filter((node) -> node.port() == master)
                        .findFirst()
                        .orElseThrow(),
                () -> cluster.masterOf(Setup.PARTITION),
                (port) -> true, // a node that comes back asks the others first
                RedisProbe::takeOver);
    }

    @Override
    public String address(int worker) {
        return this.address;
    }

    private boolean isReplaced() {
        this.isReplaced = this.isReplaced || this.secondProbe.isMaster();
        return this.isReplaced;
    }

    /** On a busy machine a master may look dead that is not, so that the first takes over again. */
    private boolean isSecondServing() {
        return this.serving.getAsInt() == this.secondPort;
    }

    @Override
    public RedisProbe probe() {
        return isSecondServing() ? this.secondProbe : this.firstProbe;
    }

    @Override
    public Witness witness() {
        return isSecondServing() ? this.secondWitness : this.firstWitness;
    }

    @Override
    public void kill() {
        this.isDown = true;
        this.first.kill();
        this.firstProbe.close();
        this.firstWitness.ended();
    }

    @Override
    public void startAgain() {
        this.startedAgain.add(this.first.startAgain());
        this.firstProbe = new RedisProbe(this.first.port());
    }

    @Override
    public void signal(String signal) {
        WorkerJvm.run("kill", signal, Long.toString(this.first.pid()));
    }

    @Override
    public void replace() {
        this.replacement.accept(this.secondProbe);
    }

    /**
     * Sentinels go on naming the old master for a moment: one that is started again meanwhile, empty and as a master, would be a third
     * server for as long as it takes them to notice.
     */
    @Override
    public void awaitReplaced() {
        Awaiting.until(
                "the replica has become master, and is known as such",
                () -> isReplaced() && this.known.test(this.secondPort),
                () -> "it has not");
    }

    @Override
    public void awaitOneMaster() {
        Awaiting.until(
                "one of the two is the other's replica",
                () -> this.firstProbe.isMaster() && this.secondProbe.isReplica()
                        || this.firstProbe.isReplica() && this.secondProbe.isMaster(),
                () -> "both are masters, or none is");
    }

    @Override
    public boolean isDown() {
        return this.isDown;
    }

    @Override
    public Proxy link(int worker) {
        throw new UnsupportedOperationException("Workers find the servers themselves");
    }

    /**
     * Asks that server itself: one that has died, come back and taken over again is not watched any more, and nobody is told when keys expire
     * that came by replication and that no worker asks for.
     */
    @Override
    public boolean isQuiet() {
        RedisProbe serving = probe();
        long nowMicros = Witness.nowMicros();
        return serving.scores(Setup.PARTITION + ":q").isEmpty()
                && PartitionWitness.leases(serving).values().stream()
                        .noneMatch((lease) -> lease.endMicros() > nowMicros);
    }

    @Override
    public boolean isSeen() {
        return !isReplaced() || isSecondServing() && this.secondWitness.hasSeenAll();
    }

    @Override
    public List<List<Step>> steps() {
        if (!isReplaced()) {
            return List.of(this.firstWitness.catchUp().steps());
        }
        if (!this.isDown) {
            this.firstWitness.catchUp().ended();
        }
        return List.of(this.firstWitness.steps(), this.secondWitness.catchUp().steps());
    }

    @Override
    public void close() {
        this.firstProbe.close();
        this.secondProbe.close();
        this.firstWitness.close();
        this.secondWitness.close();
        this.startedAgain.forEach(RedisServer::kill);
        try {
            this.topology.close();
        } catch (Exception ex) {
            throw new IllegalStateException(ex);
        }
    }
}
