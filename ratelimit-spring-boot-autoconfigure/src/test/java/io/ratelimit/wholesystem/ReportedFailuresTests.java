package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.testkit.RedisServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What an exception and the log say of a Redis that refuses: the reason, and neither a command, nor a key, nor a secret. */
@ExtendWith(OutputCaptureExtension.class)
class ReportedFailuresTests {

    private static final String SECRET = "s3cr3t-pass";

    private static final String KEY = "anna@example.org\r\nforged";

    /** All that a caller or a reader of the log could see of an exception. */
    private static String everything(Throwable failure) {
        StringWriter written = new StringWriter();
        failure.printStackTrace(new PrintWriter(written));
        return written.toString();
    }

    private static void admin(RedisServer redis, Consumer<RedisCommands<String, String>> work) {
        RedisClient client = RedisClient.create("redis://" + redis.host() + ":" + redis.port());
        try {
            work.accept(client.connect().sync());
        } finally {
            client.shutdown();
        }
    }

    private static void dispatch(RedisCommands<String, String> admin, CommandType type, String... words) {
        CommandArgs<String, String> arguments = new CommandArgs<>(StringCodec.UTF8);
        Stream.of(words).forEach(arguments::add);
        admin.dispatch(type, new StatusOutput<>(StringCodec.UTF8), arguments);
    }

    /** Acquires until it fails, three times more than a breaker lets through. */
    private static void assertThatItFails(CapturedOutput output, String reason, String... redis) {
        Workout.instance(redis)
                .withPropertyValues("ratelimit.resources.calls.rate=10/1h", "ratelimit.resources.calls.key=user")
                .run((context) -> {
                    Limiter limiter = context.getBean(Limiter.class);
                    LimitRequest request = LimitRequest.of("calls").key(KEY);
                    Throwable first = catchThrowable(() -> limiter.acquire(request));
                    assertThat(first).isInstanceOf(BackendUnavailableException.class);
                    assertThat(everything(first)).contains(reason);
                    assertThatNothingIsTold(everything(first));
                    for (int i = 0; i < 3; i++) {
                        assertThatNothingIsTold(everything(catchThrowable(() -> limiter.acquire(request))));
                    }
                });
        assertThatNothingIsTold(output.toString());
    }

    private static void assertThatItIsAway(CapturedOutput output, String reason, String... redis) {
        assertThatItFails(output, reason, redis);
        assertThat(output).contains("The backend is away (");
    }

    private static void assertThatNothingIsTold(String text) {
        // a stack trace names classes; a command stands alone, in quotation marks or between blanks
        assertThat(text)
                .doesNotContain(SECRET)
                .doesNotContain("anna")
                .doesNotContain("forged")
                .doesNotContain("redis.call");
        assertThat(text.toLowerCase(Locale.ROOT)).doesNotContain("evalsha").doesNotContain("'eval");
    }

    @Test
    void aWrongPassword(CapturedOutput output) {
        try (RedisServer redis = RedisServer.start("requirepass other")) {
            assertThatItIsAway(
                    output,
                    "WRONGPASS invalid username-password pair",
                    "spring.data.redis.url=redis://default:" + SECRET + "@" + redis.host() + ":" + redis.port());
        }
    }

    @Test
    void noPassword(CapturedOutput output) {
        try (RedisServer redis = RedisServer.start("requirepass " + SECRET)) {
            assertThatItIsAway(
                    output,
                    "NOAUTH",
                    "spring.data.redis.host=" + redis.host(),
                    "spring.data.redis.port=" + redis.port());
        }
    }

    @Test
    void nobodyWhoListens(CapturedOutput output) {
        assertThatItIsAway(
                output,
                "Connection refused",
                "spring.data.redis.url=redis://shop:" + SECRET + "@127.0.0.1:" + RedisServer.freePort());
    }

    @Test
    void aUserWithoutRights(CapturedOutput output) {
        for (List<String> rights : List.of(List.of("-@all"), List.of("+@all", "resetkeys", "~other:*"))) {
            try (RedisServer redis = RedisServer.start()) {
                admin(
                        redis,
                        (admin) -> dispatch(
                                admin,
                                CommandType.ACL,
                                Stream.concat(
                                                Stream.of("SETUSER", "shop", "on", ">" + SECRET, "~*", "&*"),
                                                rights.stream())
                                        .toArray(String[]::new)));
                assertThatItIsAway(
                        output,
                        "Redis refuses: NOPERM this user has no permissions to",
                        "spring.data.redis.host=" + redis.host(),
                        "spring.data.redis.port=" + redis.port(),
                        "spring.data.redis.username=shop",
                        "spring.data.redis.password=" + SECRET);
            }
        }
    }

    @Test
    void aServerThatDoesNotKnowTheCommand(CapturedOutput output) {
        try (RedisServer redis = RedisServer.start("rename-command EVALSHA \"\"", "rename-command EVAL \"\"")) {
            assertThatItIsAway(
                    output,
                    "Redis refuses: ERR unknown command",
                    "spring.data.redis.host=" + redis.host(),
                    "spring.data.redis.port=" + redis.port());
        }
    }

    @Test
    void aServerThatIsFull(CapturedOutput output) {
        try (RedisServer redis = RedisServer.start("maxmemory 1")) {
            assertThatItIsAway(
                    output,
                    "Redis refuses: OOM command not allowed",
                    "spring.data.redis.host=" + redis.host(),
                    "spring.data.redis.port=" + redis.port());
        }
    }

    @Test
    void somebodyElsesValueUnderOurName(CapturedOutput output) {
        try (RedisServer redis = RedisServer.start()) {
            admin(
                    redis,
                    (admin) -> admin.hset(
                            Workout.PREFIX + "{calls:anna%40example.org%0D%0Aforged}", Map.of("field", SECRET)));
            assertThatItFails(
                    output,
                    "Redis refuses: WRONGTYPE",
                    "spring.data.redis.host=" + redis.host(),
                    "spring.data.redis.port=" + redis.port());
        }
    }
}
