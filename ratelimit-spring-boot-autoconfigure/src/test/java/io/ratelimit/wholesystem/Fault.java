package io.ratelimit.wholesystem;

import java.time.Duration;

/**
 * Something that goes wrong for a while. Workers are counted from 0.
 */
sealed interface Fault {

    void begin(FaultScene scene);

    /** Ends what has begun; for what is over at once, or for good, nothing. */
    default void end(FaultScene scene) {}

    /** What is hit: no two faults hit the same thing at the same time. */
    String target();

    /** SIGKILL, for good. */
    record WorkerKilled(int worker) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.worker(this.worker).kill();
        }

        @Override
        public String target() {
            return "worker" + this.worker;
        }
    }

    /** SIGSTOP, then SIGCONT. */
    record WorkerFrozen(int worker) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.worker(this.worker).freeze();
        }

        @Override
        public void end(FaultScene scene) {
            scene.worker(this.worker).thaw();
        }

        @Override
        public String target() {
            return "worker" + this.worker;
        }
    }

    /** SIGKILL, then a start with what is on disk: everything or nothing, as Redis is configured. */
    record RedisKilled() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().kill();
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().startAgain();
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** SIGSTOP, then SIGCONT. */
    record RedisFrozen() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().signal("-STOP");
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().signal("-CONT");
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** SIGKILL; it comes back when the replica has taken over. */
    record RedisKilledUntilReplaced() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().kill();
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().awaitReplaced();
            scene.site().startAgain();
            scene.site().awaitOneMaster();
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** SIGSTOP until the replica has taken over: two masters for a moment, of which one knows nothing of the other. */
    record RedisFrozenUntilReplaced() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().signal("-STOP");
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().awaitReplaced();
            scene.site().signal("-CONT");
            scene.site().awaitOneMaster();
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** The replica is told to take over. */
    record RedisReplaced() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().replace();
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().awaitReplaced();
            scene.site().awaitOneMaster();
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** FLUSHALL. */
    record KeysDeleted() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().probe().deleteAll();
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** SCRIPT FLUSH. */
    record ScriptsForgotten() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().probe().flushScripts();
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** CLIENT KILL of all. */
    record ClientsKilled() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().probe().cutConnections();
        }

        @Override
        public String target() {
            return "redis";
        }
    }

    /** Everything between a worker and Redis takes longer. */
    record LinkSlow(int worker, Duration delay) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().link(this.worker).delay(this.delay.toMillis());
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().link(this.worker).delay(0);
        }

        @Override
        public String target() {
            return "link" + this.worker;
        }
    }

    /** Nothing passes between a worker and Redis, over connections that look sound; in the end it arrives after all. */
    record LinkStalled(int worker) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().link(this.worker).stall(true);
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().link(this.worker).stall(false);
        }

        @Override
        public String target() {
            return "link" + this.worker;
        }
    }

    /** What passes between a worker and Redis is dropped, over connections that look sound until they are cut. */
    record LinkHalfOpen(int worker) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().link(this.worker).swallow();
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().link(this.worker).cut();
        }

        @Override
        public String target() {
            return "link" + this.worker;
        }
    }

    /** A worker's connections are cut, and it gets no others. */
    record LinkCut(int worker) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().link(this.worker).refuse(true);
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().link(this.worker).refuse(scene.site().isDown());
        }

        @Override
        public String target() {
            return "link" + this.worker;
        }
    }

    /** The next replies to a worker are cut off, and their connections with them. */
    record RepliesLost(int worker, int count) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().link(this.worker).loseReplies("", this.count);
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().link(this.worker).loseReplies("", 0);
        }

        @Override
        public String target() {
            return "link" + this.worker;
        }
    }

    /** Messages to a worker are dropped, while its connections are sound. */
    record MessagesLost(int worker) implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().link(this.worker).loseMessages(true);
        }

        @Override
        public void end(FaultScene scene) {
            scene.site().link(this.worker).loseMessages(false);
        }

        @Override
        public String target() {
            return "link" + this.worker;
        }
    }

    /** Who holds slots is deleted behind the back of Redis' scripts: a broken promise, which no schedule has by itself. */
    record HoldersDeleted() implements Fault {

        @Override
        public void begin(FaultScene scene) {
            scene.site().probe().delete(Setup.PARTITION + ":h");
        }

        @Override
        public String target() {
            return "redis";
        }
    }
}
