package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitPolicy;
import io.ratelimit.ResourceOverride;
import io.ratelimit.testkit.RedisCluster;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two applications on a Redis Cluster that changes under them. */
class ClusterTests {

    private static final String PARTITION = BusyApplications.PREFIX + "{pool}";

    private static BusyApplications applications(RedisCluster cluster, String commandTimeout, String readFrom) {
        return new BusyApplications(
                "spring.data.redis.cluster.nodes=" + cluster.addresses(),
                "spring.data.redis.lettuce.cluster.refresh.period=1s",
                "spring.data.redis.lettuce.read-from=" + readFrom,
                "ratelimit.command-timeout=" + commandTimeout);
    }

    @Test
    void nobodyNoticesThatSlotsMoveFromNodeToNode() {
        try (RedisCluster cluster = RedisCluster.start(3, 0);
                BusyApplications applications =
                        applications(cluster, "30s", "upstream").busy()) {
            applications.awaitMoreGranted(20);
            for (int i = 0; i < 4; i++) {
                cluster.move(PARTITION, cluster.anotherMasterThan(cluster.masterOf(PARTITION)), () -> {});
                cluster.move(
                        BusyApplications.PREFIX + "instances",
                        cluster.anotherMasterThan(cluster.masterOf(BusyApplications.PREFIX + "instances")),
                        () -> {});
                applications.awaitMoreGranted(20);
            }
            applications.calmDown();

            System.out.printf("While slots moved: %s%n", applications);
            assertThat(applications.mostInUse()).isBetween(1, BusyApplications.SLOTS);
            assertThat(applications.unavailable()).isZero();
            assertThat(applications.refused()).isZero();
            assertThat(applications.repeatedTokens()).isZero();
            Awaiting.until(
                    "that both know of each other",
                    () -> applications.operations(0).liveInstances() == 2
                            && applications.operations(1).liveInstances() == 2,
                    applications::toString);
            assertThatChangesReachAll(applications);
            applications.assertThatAllSlotsAreThere();
        }
    }

    private static void assertThatChangesReachAll(BusyApplications applications) {
        applications
                .operations(0)
                .override("api", new ResourceOverride(List.of(), LimitPolicy.OBSERVE, null, null))
                .join();
        Awaiting.until(
                "the change on the other instance",
                () -> applications.operations(1).overrideOf("api").policy() == LimitPolicy.OBSERVE,
                () -> applications.operations(1).overrideOf("api"));
    }

    @Test
    void aMasterThatDiesIsReplacedAndReplicasAreNeverAsked() {
        try (RedisCluster cluster = RedisCluster.start(3, 1);
                BusyApplications applications =
                        applications(cluster, "500ms", "replica-preferred").busy()) {
            applications.awaitMoreGranted(20);
            int master = cluster.masterOf(PARTITION);
            cluster.replicas()
                    .forEach((replica) -> assertThat(ReplicaReads.of(cluster.commands(replica)))
                            .isEmpty());

            cluster.kill(master);
            cluster.awaitMasterOtherThan(master, PARTITION);
            applications.awaitMoreGranted(100);
            Awaiting.until(
                    "that both hear of their grants, whichever node they heard of them from",
                    () -> cluster.channels(BusyApplications.PREFIX + "grants:").size() == 2,
                    () -> cluster.channels(BusyApplications.PREFIX));
            applications.calmDown();

            System.out.printf("While a master was replaced: %s%n", applications);
            // what the new master had not heard of can be granted again until the holders' next heartbeat
            assertThat(applications.mostInUse()).isBetween(1, 2 * BusyApplications.SLOTS);
            assertThat(applications.repeatedTokens()).isZero();
            applications.assertThatAllSlotsAreThere();
        }
    }
}
