package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class LuaScriptTests {

    private static final Pattern TEXT = Pattern.compile("'[^'\\n]*'");

    private final String source = LuaScript.partition("clock.lua").source();

    @Nested
    class Constants {

        @Test
        void areWrittenWhereTheyAreUsed() {
            assertThat(TEXT.matcher(source).replaceAll("''"))
                    .satisfies((code) -> assertThat(Pattern.compile("\\b[A-Z][A-Z_]*\\b")
                                    .matcher(code)
                                    .results()
                                    .map(MatchResult::group))
                            .containsOnly("KEYS", "ARGV"));
            assertThat(source)
                    .contains("steps == 64")
                    .contains("redis.call('ZADD', KEYS[4], score, ticket)")
                    .contains("struct.unpack('<I7I4'")
                    .contains("sequence - priority * 1000000");
        }

        @Test
        void mayBeThoseOfOtherSources() {
            assertThat(TEXT.matcher(LuaScript.takes("clock.lua").source()).replaceAll("''"))
                    .satisfies((code) -> assertThat(Pattern.compile("\\b[A-Z][A-Z_]*\\b")
                                    .matcher(code)
                                    .results()
                                    .map(MatchResult::group))
                            .containsOnly("KEYS", "ARGV"))
                    .contains("bytes >= 64 * 11");
        }

        @Test
        void areNotDeclaredAnyMore() {
            assertThat(source).doesNotContainPattern("(?m)^ *local [A-Z_, ]+ =\\s+-?\\d");
            assertThat(source).doesNotContainPattern("(?m)^ *local \\d");
        }
    }

    @Nested
    class Texts {

        @Test
        void stayAsTheyAreThoughAConstantHasTheirName() {
            assertThat(source).contains("'-inf', now, 'LIMIT', 0, 64)");
            assertThat(source).doesNotContain("'2'");
        }

        @Test
        void ofCommandsAreAllKnownToRedis() {
            List<String> commands = Pattern.compile("redis\\.call\\('([^']*)'")
                    .matcher(source)
                    .results()
                    .map((call) -> call.group(1))
                    .distinct()
                    .toList();
            assertThat(commands)
                    .containsOnly(
                            "TIME",
                            "GET",
                            "SET",
                            "SETRANGE",
                            "HGET",
                            "HSET",
                            "HMGET",
                            "HDEL",
                            "HGETALL",
                            "ZADD",
                            "ZREM",
                            "ZRANGE",
                            "ZRANGEBYSCORE",
                            "PEXPIREAT",
                            "PUBLISH");
        }
    }

    @Test
    void leavesItsCommentsBehind() {
        assertThat(this.source).doesNotContain("--").doesNotContain("invariant");
    }

    @Test
    void isKnownByItsDigest() {
        LuaScript heartbeat = LuaScript.heartbeat("clock.lua");
        assertThat(heartbeat.digest()).hasSize(40).matches("[0-9a-f]+");
        assertThat(heartbeat).isEqualTo(LuaScript.heartbeat("clock.lua"));
        assertThat(heartbeat.digest())
                .isNotEqualTo(LuaScript.heartbeat("given_clock.lua").digest());
    }
}
