package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.ratelimit.LimitOperations;
import io.ratelimit.LimitPolicy;
import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.ResourceOverride;
import io.ratelimit.autoconfigure.RateLimitAutoConfiguration;
import io.ratelimit.testkit.RedisServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** The access rule of {@code docs/operations.md} allows all that is needed, and nothing more. */
class AccessControlTests {

    private static final Path PAGE = Path.of("..", "docs", "operations.md");

    private static final Pattern RULE = Pattern.compile("(?m)^user (shop on .*)$");

    private static final Pattern COMMAND_IN_LUA = Pattern.compile("redis\\.p?call\\('(\\w+)'");

    /** What is called from outside of scripts. */
    private static final Set<String> OF_THE_CLIENT = Set.of("evalsha", "eval", "subscribe");

    private final List<String> rule = rule();

    private static List<String> rule() {
        try {
            var match = RULE.matcher(Files.readString(PAGE));
            assertThat(match.find()).isTrue();
            return List.of(match.group(1).split(" "));
        } catch (IOException ex) {
            throw new IllegalStateException(ex);
        }
    }

    @Test
    void itNamesTheCommandsOfTheScriptsAndOfTheClient() throws IOException {
        Set<String> used = new TreeSet<>(OF_THE_CLIENT);
        for (var file : new PathMatchingResourcePatternResolver().getResources("classpath*:io/ratelimit/redis/*.lua")) {
            COMMAND_IN_LUA
                    .matcher(file.getContentAsString(StandardCharsets.UTF_8))
                    .results()
                    .forEach((call) -> used.add(call.group(1).toLowerCase(Locale.ROOT)));
        }
        Set<String> allowed = this.rule.stream()
                .filter((token) -> token.startsWith("+"))
                .map((token) -> token.substring(1))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(allowed).isEqualTo(used);
    }

    @Test
    void nothingIsRefusedToWhomItIsGiven() {
        try (RedisServer redis = RedisServer.start()) {
            RedisClient client = RedisClient.create("redis://" + redis.host() + ":" + redis.port());
            RedisCommands<String, String> admin = client.connect().sync();
            CommandArgs<String, String> setUser = new CommandArgs<>(StringCodec.UTF8).add("SETUSER");
            this.rule.forEach(setUser::add);
            admin.dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), setUser);

            ApplicationContextRunner instance = instance(redis);
            instance.run((first) -> instance.run((second) -> work(
                    first.getBean(Limiter.class),
                    second.getBean(Limiter.class),
                    second.getBean(LimitOperations.class))));

            assertThat(admin.aclLog()).isEmpty();
            assertThat(admin.keys("*")).isNotEmpty().allMatch((key) -> key.startsWith("ratelimit:shop:"));
            client.shutdown();
        }
    }

    private static ApplicationContextRunner instance(RedisServer redis) {
        return new ApplicationContextRunner()
                .withConfiguration(
                        AutoConfigurations.of(DataRedisAutoConfiguration.class, RateLimitAutoConfiguration.class))
                .withPropertyValues(
                        "spring.data.redis.host=" + redis.host(),
                        "spring.data.redis.port=" + redis.port(),
                        "spring.data.redis.username=shop",
                        "spring.data.redis.password=secret",
                        "ratelimit.key-prefix=ratelimit:shop:",
                        "ratelimit.command-timeout=10s",
                        "ratelimit.on-backend-failure=reject",
                        "ratelimit.lease=1s",
                        "ratelimit.resources.pool.concurrency=1",
                        "ratelimit.resources.pool.rate=1000/1m",
                        "ratelimit.resources.pool.policy=block",
                        "ratelimit.resources.pool.max-wait=1m",
                        "ratelimit.resources.api.rate=1000/1m");
    }

    /** One instance hands a slot to the other, which keeps it over some heartbeats; windows fill; limits change. */
    private static void work(Limiter first, Limiter second, LimitOperations operations) throws Exception {
        Permit held = first.acquire("pool");
        CompletableFuture<Permit> waiting = second.acquireAsync(LimitRequest.of("pool"));
        await().until(() -> operations.inspect("pool", null).join().queued() == 1);
        held.close();
        Permit granted = waiting.get(1, TimeUnit.MINUTES);
        await().until(() -> operations.inspect("pool", null).join().holders().stream()
                .anyMatch((holder) -> holder.age().compareTo(Duration.ofSeconds(2)) > 0));
        assertThat(granted.isValid()).isTrue();

        for (int i = 0; i < 200; i++) {
            first.acquire("api").close();
        }
        operations
                .override("api", new ResourceOverride(List.of(), LimitPolicy.OBSERVE, null, null))
                .join();
        operations.resetOverride("api").join();
        granted.close();
    }
}
