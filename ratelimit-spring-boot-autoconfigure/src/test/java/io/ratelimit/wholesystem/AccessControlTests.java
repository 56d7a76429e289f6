package io.ratelimit.wholesystem;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.ratelimit.testkit.RedisCluster;
import io.ratelimit.testkit.RedisSentinels;
import io.ratelimit.testkit.RedisServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

/** The access rule of {@code docs/redis.md} allows all that is needed, and nothing more. */
class AccessControlTests {

    private static final Path PAGE = Path.of("..", "docs", "redis.md");

    private static final Pattern COMMAND_IN_LUA = Pattern.compile("redis\\.p?call\\('(\\w+)'");

    /** What is called from outside of scripts. */
    private static final Set<String> OF_THE_CLIENT = Set.of("evalsha", "eval", "subscribe", "unsubscribe", "ping");

    private final List<String> rule = documented("(?m)^user (shop on .*)$");

    private final List<String> moreForClusters = documented("(?m)^user shop (\\+cluster.*)$");

    private static List<String> documented(String line) {
        try {
            Matcher match = Pattern.compile(line).matcher(Files.readString(PAGE));
            assertThat(match.find()).isTrue();
            return List.of(match.group(1).split(" "));
        } catch (IOException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static void setUser(RedisCommands<String, String> admin, List<String> rule) {
        CommandArgs<String, String> arguments = new CommandArgs<>(StringCodec.UTF8).add("SETUSER");
        rule.forEach(arguments::add);
        admin.dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), arguments);
    }

    private static void workOut(String... redis) {
        Workout.of(Workout.instance(redis)
                .withPropertyValues("spring.data.redis.username=shop", "spring.data.redis.password=secret"));
    }

    private static List<Object> refused(RedisCommands<String, String> admin) {
        return admin.aclLog().stream().map((entry) -> entry.get("object")).toList();
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
            setUser(admin, this.rule);

            workOut("spring.data.redis.host=" + redis.host(), "spring.data.redis.port=" + redis.port());

            assertThat(refused(admin)).isEmpty();
            assertThat(admin.keys("*")).isNotEmpty().allMatch((key) -> key.startsWith(Workout.PREFIX));
            client.shutdown();
        }
    }

    @Test
    void nothingIsRefusedInAClusterToWhomItIsGivenWithWhatAClusterNeeds() {
        try (RedisCluster cluster = RedisCluster.start(3, 0)) {
            List<RedisCommands<String, String>> admins = cluster.nodes().stream()
                    .map((node) -> cluster.commands(node.port()))
                    .toList();
            List<String> all = new ArrayList<>(this.rule);
            all.addAll(this.moreForClusters);
            admins.forEach((admin) -> setUser(admin, all));

            workOut("spring.data.redis.cluster.nodes=" + cluster.addresses());

            assertThat(admins).allSatisfy((admin) -> assertThat(refused(admin)).isEmpty());
            assertThat(admins.stream().flatMap((admin) -> admin.keys("*").stream()))
                    .isNotEmpty()
                    .allMatch((key) -> key.startsWith(Workout.PREFIX));
        }
    }

    @Test
    void nothingIsRefusedBehindSentinelsToWhomItIsGiven() {
        try (RedisSentinels sentinels = RedisSentinels.start(1)) {
            RedisCommands<String, String> admin = sentinels.commands(sentinels.master());
            setUser(admin, this.rule);

            workOut(
                    "spring.data.redis.sentinel.master=" + RedisSentinels.MASTER,
                    "spring.data.redis.sentinel.nodes=" + sentinels.addresses());

            assertThat(refused(admin)).isEmpty();
            assertThat(admin.keys("*")).isNotEmpty();
        }
    }
}
