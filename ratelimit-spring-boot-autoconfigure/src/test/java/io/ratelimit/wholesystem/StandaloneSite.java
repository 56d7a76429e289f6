package io.ratelimit.wholesystem;

import io.ratelimit.testkit.RedisServer;
import java.util.List;
import java.util.stream.Stream;

/**
 * One server, to which each worker has a link of its own.
 */
final class StandaloneSite implements RedisSite {

    private final boolean isDurable;

    private final List<Proxy> links;

    private final Witness witness;

    private RedisServer redis;

    private RedisProbe probe;

    private boolean isDown;

    StandaloneSite(boolean isDurable, int workers) {
        this.isDurable = isDurable;
        this.redis = RedisServer.start(isDurable ? "appendonly yes" : "appendonly no");
        this.probe = new RedisProbe(this.redis.port());
        this.witness = Witness.of(this.redis.port(), this.probe);
        this.links = Stream.generate(() -> new Proxy(this.redis)).limit(workers).toList();
    }

    @Override
    public String address(int worker) {
        return Integer.toString(link(worker).port());
    }

    @Override
    public RedisProbe probe() {
        return this.probe;
    }

    @Override
    public Witness witness() {
        return this.witness;
    }

    @Override
    public void kill() {
        this.isDown = true;
        this.redis.kill();
        this.links.forEach((link) -> link.refuse(true)); // nobody asks it again before it is watched again
        this.probe.close();
    }

    @Override
    public void startAgain() {
        this.redis = this.redis.startAgain();
        this.probe = new RedisProbe(this.redis.port());
        this.witness.watchAgain(this.redis.port(), this.probe, !this.isDurable);
        this.isDown = false;
        this.links.forEach((link) -> link.refuse(false));
    }

    @Override
    public void signal(String signal) {
        WorkerJvm.run("kill", signal, Long.toString(this.redis.pid()));
    }

    @Override
    public void replace() {
        throw new UnsupportedOperationException("There is no other");
    }

    @Override
    public void awaitReplaced() {
        throw new UnsupportedOperationException("There is no other");
    }

    @Override
    public void awaitOneMaster() {
        throw new UnsupportedOperationException("There is no other");
    }

    @Override
    public boolean isDown() {
        return this.isDown;
    }

    @Override
    public Proxy link(int worker) {
        return this.links.get(worker);
    }

    @Override
    public boolean isQuiet() {
        return this.witness.catchUp().isQuiet();
    }

    @Override
    public boolean isSeen() {
        return true;
    }

    @Override
    public List<List<Step>> steps() {
        return List.of(this.witness.catchUp().steps());
    }

    @Override
    public void close() {
        this.links.forEach(Proxy::close);
        this.probe.close();
        this.witness.close();
        this.redis.kill();
    }
}
