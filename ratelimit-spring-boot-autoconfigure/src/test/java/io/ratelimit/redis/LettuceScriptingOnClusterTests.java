package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.ratelimit.testkit.RedisCluster;
import io.ratelimit.testkit.RedisConnections;
import io.ratelimit.testkit.WithRedisCluster;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is particular to a cluster: nodes that stand still alone, slots that move. */
@WithRedisCluster
class LettuceScriptingOnClusterTests {

    /** Writes down which call it was, in two lists, so that it needs all keys in one place. */
    private static final LuaScript APPEND =
            script("return { redis.call('RPUSH', KEYS[1], ARGV[1]), redis.call('RPUSH', KEYS[2], ARGV[1]) }");

    private final RedisCluster cluster = RedisCluster.shared();

    private final LettuceScripting scripting = new LettuceScripting(RedisConnections.to(this.cluster));

    @AfterEach
    void close() {
        this.scripting.close();
    }

    private static LuaScript script(String source) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(source.getBytes(StandardCharsets.UTF_8));
            return new LuaScript(source, HexFormat.of().formatHex(digest));
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** Long enough for a busy machine. */
    private static ConditionFactory await() {
        return Awaitility.await();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private CompletableFuture<List<Object>> call(String tag, int number) {
        ScriptCall call = new ScriptCall(
                APPEND,
                new byte[][] {bytes("{" + tag + "}"), bytes("{" + tag + "}:b")},
                (arguments) -> arguments.add(number));
        this.scripting.add(call);
        this.scripting.send();
        return call.reply();
    }

    private static void await60(CompletableFuture<?> reply) {
        reply.orTimeout(60, TimeUnit.SECONDS).join();
    }

    private List<Integer> carriedOut(String key) {
        return this.cluster.commands(this.cluster.masterOf(key)).lrange(key, 0, -1).stream()
                .map(Integer::valueOf)
                .toList();
    }

    /** A tag whose keys another master serves. */
    private String tagElsewhereThan(String tag) {
        return IntStream.range(0, 1_000)
                .mapToObj((i) -> "other" + i)
                .filter((other) -> this.cluster.masterOf(other) != this.cluster.masterOf(tag))
                .findFirst()
                .orElseThrow();
    }

    private void client(int port, String... words) {
        CommandArgs<String, String> arguments = new CommandArgs<>(StringCodec.UTF8);
        Stream.of(words).forEach(arguments::add);
        this.cluster.commands(port).dispatch(CommandType.CLIENT, new StatusOutput<>(StringCodec.UTF8), arguments);
    }

    @Test
    void eachNodeIsToldTheScriptOnce() {
        this.cluster
                .nodes()
                .forEach((node) -> this.cluster.commands(node.port()).scriptFlush());
        for (int i = 0; i < 100; i++) {
            await60(call("tag" + i, 0));
        }
        assertThat(this.cluster.nodes())
                .allSatisfy(
                        (node) -> assertThat(this.cluster.commands(node.port()).scriptExists(APPEND.digest()))
                                .containsExactly(true));
    }

    @Test
    void aNodeThatStandsStillHoldsUpItsOwnCallsOnly() {
        String stuckTag = "stuck";
        String otherTag = tagElsewhereThan(stuckTag);
        await60(call(stuckTag, 0));
        await60(call(otherTag, 0));
        int node = this.cluster.masterOf(stuckTag);
        client(node, "PAUSE", "600000", "WRITE");
        List<CompletableFuture<List<Object>>> stuck = new ArrayList<>();
        try {
            for (int i = 1; i <= 50; i++) {
                stuck.add(call(stuckTag, i));
            }
            for (int i = 1; i <= 50; i++) {
                await60(call(otherTag, i));
            }
            assertThat(stuck).noneMatch(CompletableFuture::isDone);
        } finally {
            client(node, "UNPAUSE");
        }
        stuck.forEach(LettuceScriptingOnClusterTests::await60);
        assertThat(carriedOut("{" + stuckTag + "}"))
                .containsExactlyElementsOf(IntStream.rangeClosed(0, 50).boxed().toList());
    }

    @Test
    void callsWhoseKeysAreMovedAreCarriedOutOnceTheyHaveMoved() {
        String tag = "moving";
        String key = "{" + tag + "}";
        await60(call(tag, 0));
        int source = this.cluster.masterOf(key);
        int target = this.cluster.anotherMasterThan(source);
        List<CompletableFuture<List<Object>>> replies = new ArrayList<>();
        this.cluster.move(key, target, () -> {
            long before = refusals(source) + refusals(target);
            replies.add(call(tag, replies.size() + 1));
            if (replies.size() == 2) { // one key is here and one is there
                await().until(() -> refusals(source) + refusals(target) > before);
            }
        });

        replies.forEach(LettuceScriptingOnClusterTests::await60);
        assertThat(this.cluster.masterOf(key)).isEqualTo(target);
        assertThat(replies).hasSize(3);
        List<Integer> all = IntStream.rangeClosed(0, replies.size()).boxed().toList();
        assertThat(carriedOut(key)).containsExactlyInAnyOrderElementsOf(all);
        assertThat(carriedOut(key + ":b")).containsExactlyInAnyOrderElementsOf(all);
    }

    /** How many calls a node has refused because their keys were neither all here nor all there. */
    private long refusals(int port) {
        return this.cluster
                .commands(port)
                .info("errorstats")
                .lines()
                .filter((line) -> line.startsWith("errorstat_TRYAGAIN:count="))
                .mapToLong((line) -> Long.parseLong(line.substring(line.indexOf('=') + 1)))
                .sum();
    }

    @Test
    void aCallThatNobodyWaitsForAnyMoreIsNotTriedOnAndOn() {
        String tag = "abandoned";
        String key = "{" + tag + "}";
        await60(call(tag, 0));
        int source = this.cluster.masterOf(key);
        int target = this.cluster.anotherMasterThan(source);
        List<CompletableFuture<List<Object>>> replies = new ArrayList<>();
        this.cluster.move(key, target, () -> {
            if (replies.size() == 1) {
                long before = refusals(source) + refusals(target);
                replies.add(call(tag, 1));
                await().until(() -> refusals(source) + refusals(target) > before);
                replies.get(1).cancel(false);
            } else {
                replies.add(CompletableFuture.completedFuture(List.of()));
            }
        });
        await60(call(tag, 2));
        assertThat(replies).hasSizeGreaterThan(2);
        assertThat(carriedOut(key)).containsExactly(0, 2);
    }
}
