package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.testkit.RedisServer;
import io.ratelimit.testkit.WithRedis;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Keys as clients would choose them who mean no good. */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class HostileKeysTests {

    /** How many different keys one client comes with; {@code -Dratelimit.test.keys=10000000} for a longer run. */
    private static final int KEYS = Integer.getInteger("ratelimit.test.keys", 15_000);

    private static final int MOST_REMEMBERED = 10_001;

    private static final String PREFIX = "hostile:";

    /** Where what operators do is logged. */
    private static final String OPERATIONS = "io.ratelimit.engine";

    private static final String MARK = "FORGED";

    /** Each is another one, however alike some look. */
    private static final List<String> KEYS_THAT_DIFFER = List.of(
            "a",
            "\u0430", // Cyrillic
            "A",
            "K",
            "\u212A", // Kelvin
            "\u00E9",
            "e\u0301",
            "fi",
            "\uFB01",
            "a\u200B", // zero width
            "a\u202E", // right to left
            "a ",
            " a",
            "a+",
            "a%20",
            "a%2B",
            "\uD83D\uDE00",
            "a\u0000",
            "a\u0000b",
            "a\n",
            "a\r",
            "a\r\n2026-11-22 WARN " + MARK,
            "*1\r\n$8\r\nFLUSHALL\r\n",
            "a:h",
            "a:e",
            "a}",
            "a}:h",
            "{a}",
            "}{a",
            "%7B",
            "%7Ba%7D",
            "{",
            "}",
            ":",
            "::",
            "*",
            "?",
            "[a]",
            "'",
            "\"",
            "\\",
            "\\n",
            "a;b",
            "a b",
            "a\tb",
            "a\u2028",
            "..",
            "/",
            PREFIX,
            PREFIX + "{calls:a}",
            "calls:a",
            "instances",
            "settings",
            "grants:a",
            "sha256:",
            "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", // what the hash of a is stored
            // as
            "x".repeat(128),
            "x".repeat(129),
            "\u20AC".repeat(43), // 129 bytes
            "x".repeat(1 << 20),
            "x".repeat((1 << 20) - 1) + "y",
            "y" + "x".repeat((1 << 20) - 1));

    private static ApplicationContextRunner application(RedisServer redis) {
        return Workout.instance(
                "spring.data.redis.host=" + redis.host(),
                "spring.data.redis.port=" + redis.port(),
                "ratelimit.key-prefix=" + PREFIX,
                "ratelimit.lease=10s",
                "ratelimit.command-timeout=1m",
                "ratelimit.resources.calls.rate=1/1h",
                "ratelimit.resources.calls.key=user",
                "ratelimit.resources.many.rate=1/1s",
                "ratelimit.resources.many.concurrency=1",
                "ratelimit.resources.many.key=user");
    }

    private static LimitRequest call(String key) {
        return LimitRequest.of("calls").key(key);
    }

    @Test
    void eachHasAShareOfItsOwnInAPartitionThatItCannotLeave(RedisServer redis, CapturedOutput output) {
        application(redis).run((context) -> {
            Limiter limiter = context.getBean(Limiter.class);
            for (String key : KEYS_THAT_DIFFER) {
                assertThat(limiter.tryAcquire(call(key))).as("%s", shown(key)).isPresent();
            }
            for (String key : KEYS_THAT_DIFFER) {
                assertThat(limiter.tryAcquire(call(key)))
                        .as("%s again", shown(key))
                        .isEmpty();
            }
            assertThat(output).doesNotContain(MARK);
        });

        List<String> stored = keys(redis).stream()
                .filter((key) -> key.startsWith(PREFIX + "{calls:"))
                .toList();
        assertThat(stored).hasSize(KEYS_THAT_DIFFER.size()).allSatisfy((key) -> {
            assertThat(key).matches("[!-~]+").hasSizeLessThan(500);
            String tag = key.substring(key.indexOf('{') + 1, key.length() - 1);
            assertThat(tag).doesNotContain("{", "}");
            assertThat(SlotHash.getSlot(key)).isEqualTo(SlotHash.getSlot(tag));
        });
        assertThat(keys(redis)).allMatch((key) -> key.startsWith(PREFIX));
    }

    private static String shown(String key) {
        return key.substring(0, Math.min(20, key.length())).replaceAll("[^ -~]", "?");
    }

    @Test
    void thatAreNotUnicodeAreRefusedWithoutBeingShown(RedisServer redis, CapturedOutput output) {
        application(redis).run((context) -> {
            Limiter limiter = context.getBean(Limiter.class);
            for (String key : List.of("\uD800" + MARK, MARK + "\uDC00", "\uDC00\uD800" + MARK)) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> limiter.tryAcquire(call(key)))
                        .withMessage("The key for the resource 'calls' is not valid Unicode");
            }
            assertThat(output).doesNotContain(MARK);
        });
        assertThat(keys(redis)).noneMatch((key) -> key.contains("calls"));
    }

    @Test
    void areNotShownByWhatAnOperatorMistypes(RedisServer redis, CapturedOutput output) {
        LoggingSystem logging = LoggingSystem.get(getClass().getClassLoader());
        logging.setLogLevel(OPERATIONS, LogLevel.INFO);
        try {
            application(redis).run((context) -> {
                context.getBean(LimitOperations.class)
                        .forceRelease("many", "a\r\n" + MARK, "x:1\r\nforged")
                        .join();
                assertThat(output).contains("x:1??forged").doesNotContain(MARK);
            });
        } finally {
            logging.setLogLevel(OPERATIONS, null);
        }
    }

    @Test
    void ofWhichThereAreVeryManyAreForgotten(RedisServer redis) {
        application(redis).run((context) -> {
            Limiter limiter = context.getBean(Limiter.class);
            List<CompletableFuture<Permit>> underWay = new ArrayList<>();
            for (int i = 0; i < KEYS; i++) {
                String key = "client" + i;
                underWay.add(limiter.acquireAsync(LimitRequest.of("many").key(key)));
                if (underWay.size() == 500) {
                    finish(underWay);
                }
                if (i % 100 == 0) {
                    limiter.tryAcquire(LimitRequest.of("many").key(key)).ifPresent(Permit::close);
                }
            }
            finish(underWay);

            assertThat(LargestCollection.within(context.getBean(LimitOperations.class)))
                    .as("what the engine keeps")
                    .isLessThanOrEqualTo(MOST_REMEMBERED);
            assertThat(LargestCollection.within(context.getBean(LimitBackend.class)))
                    .as("what the backend keeps")
                    .isGreaterThan(1_000) // else nothing was looked at
                    .isLessThanOrEqualTo(MOST_REMEMBERED);
            Awaiting.until(
                    "Redis has forgotten them too",
                    () -> keys(redis).stream().noneMatch((key) -> key.contains("{many:")),
                    () -> keys(redis).size());
        });
    }

    private static void finish(List<CompletableFuture<Permit>> underWay) {
        underWay.forEach((permit) -> permit.join().close());
        underWay.clear();
    }

    private static List<String> keys(RedisServer redis) {
        RedisClient client = RedisClient.create("redis://" + redis.host() + ":" + redis.port());
        try {
            RedisCommands<String, String> commands = client.connect().sync();
            return commands.keys("*");
        } finally {
            client.shutdown();
        }
    }
}
