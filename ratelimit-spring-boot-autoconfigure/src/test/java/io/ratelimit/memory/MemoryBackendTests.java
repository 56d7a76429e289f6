package io.ratelimit.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.LimitBackendContract;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Partition;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryBackendTests extends LimitBackendContract {

    private final MemoryBackend backend = new MemoryBackend(this.clock);

    @Override
    protected LimitBackend backend() {
        return this.backend;
    }

    @Test
    void dropsPartitionsThatAreAsIfNew() {
        Limit rate = RateLimit.of(5, Duration.ofSeconds(1));
        for (int i = 0; i < 1_000; i++) {
            this.backend.execute(keyed("user" + i, rate), new Acquire("t" + i, List.of(1L)));
        }
        assertThat(this.backend.partitions()).isEqualTo(1_000);
        this.clock.advance(Duration.ofMillis(1_001));
        this.backend.heartbeat("instance", Duration.ofSeconds(10));
        assertThat(this.backend.partitions()).isZero();
    }

    @Test
    void keepsPartitionsThatHoldSlots() {
        Limit slots = ConcurrencyLimit.of(5);
        this.backend.execute(keyed("user", slots), new Acquire("t", List.of(1L)));
        this.clock.advance(Duration.ofSeconds(9));
        this.backend.heartbeat("instance", Duration.ofSeconds(10));
        assertThat(this.backend.partitions()).isEqualTo(1);
    }

    @Test
    void keepsNothingForKeysThatAreOnlyLookedAt() {
        Limit slots = ConcurrencyLimit.of(5);
        this.backend.execute(keyed("user", slots), new Inspect(10));
        this.backend.execute(keyed("user", slots), new Release("unknown"));
        assertThat(this.backend.partitions()).isZero();
    }

    private static Partition keyed(String key, Limit limit) {
        return new Partition("resource", key, List.of(limit), 1);
    }
}
