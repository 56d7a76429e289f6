package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.HotKey;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HotKeysTests {

    private final MovableTime time = new MovableTime();

    private final HotKeys keys = new HotKeys(this.time);

    @Test
    void areTheMostCountedFirst() {
        IntStream.range(0, 3).forEach((i) -> keys.refused("api", "alice"));
        IntStream.range(0, 5).forEach((i) -> keys.waited("api", "bob"));
        keys.refused("api", "carol");
        keys.refused("other", "dave");
        assertThat(keys.top("api", 2)).containsExactly(new HotKey("bob", 0, 5), new HotKey("alice", 3, 0));
        assertThat(keys.top("nothing", 2)).isEmpty();
    }

    @Test
    void areFoundAmongAnyNumberOfOthersWithinBoundedMemory() {
        for (int i = 0; i < 100_000; i++) {
            keys.refused("api", "noise" + i);
            if (i % 20 == 0) {
                keys.refused("api", "hot");
            }
        }
        assertThat(keys.top("api", 1_000)).hasSize(128);
        assertThat(keys.top("api", 1)).singleElement().satisfies((key) -> {
            assertThat(key.key()).isEqualTo("hot");
            assertThat(key.refused()).isBetween(5_000L, 5_000L + 105_000 / 128);
        });
    }

    @Test
    void coolDown() {
        IntStream.range(0, 8).forEach((i) -> keys.refused("api", "alice"));
        keys.refused("api", "bob");
        time.advance(Duration.ofMinutes(2));
        assertThat(keys.top("api", 10)).containsExactly(new HotKey("alice", 2, 0));
        time.advance(Duration.ofDays(1));
        assertThat(keys.top("api", 10)).isEmpty();
    }
}
