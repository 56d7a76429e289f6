package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.testkit.RedisSentinels;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two applications on a Redis whose master is replaced by Sentinels. */
class SentinelTests {

    @ParameterizedTest
    @ValueSource(strings = {"upstream", "replica-preferred"})
    void aMasterThatDiesIsReplacedAndReplicasAreNeverAsked(String readFrom) {
        try (RedisSentinels sentinels = RedisSentinels.start(1);
                BusyApplications applications = new BusyApplications(
                                "spring.data.redis.sentinel.master=" + RedisSentinels.MASTER,
                                "spring.data.redis.sentinel.nodes=" + sentinels.addresses(),
                                "spring.data.redis.lettuce.read-from=" + readFrom)
                        .busy()) {
            applications.awaitMoreGranted(20);
            int master = sentinels.master();
            sentinels
                    .replicas()
                    .forEach((replica) -> assertThat(ReplicaReads.of(sentinels.commands(replica)))
                            .isEmpty());

            sentinels.kill(master);
            sentinels.awaitMasterOtherThan(master);
            applications.awaitMoreGranted(100);
            applications.calmDown();

            System.out.printf("While Sentinels replaced a master (%s): %s%n", readFrom, applications);
            // what the new master had not heard of can be granted again until the holders' next heartbeat
            assertThat(applications.mostInUse()).isBetween(1, 2 * BusyApplications.SLOTS);
            assertThat(applications.repeatedTokens()).isZero();
            applications.assertThatAllSlotsAreThere();
        }
    }
}
