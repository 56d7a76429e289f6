package io.ratelimit.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Lua script and the digest that Redis knows it by.
 *
 * @param source the text
 * @param digest its SHA-1, as {@code EVALSHA} takes it
 */
record LuaScript(String source, String digest) {

    /** Joins the state machine of a partition behind a clock. */
    static LuaScript partition(String clock) {
        return join(
                clock,
                "arguments.lua",
                "state.lua",
                "sliding_window.lua",
                "holders.lua",
                "limits.lua",
                "queue.lua",
                "adoption.lua",
                "operations.lua",
                "upkeep.lua",
                "main.lua");
    }

    /** Joins the sign of life of an instance behind a clock. */
    static LuaScript heartbeat(String clock) {
        return join(clock, "heartbeat.lua");
    }

    private static LuaScript join(String... files) {
        String source = Stream.of(files).map(LuaScript::read).collect(Collectors.joining("\n"));
        return new LuaScript(source, sha1(source));
    }

    private static String read(String file) {
        try (InputStream stream = LuaScript.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalStateException("The resource io/ratelimit/redis/" + file + " is missing");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static String sha1(String source) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(source.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
