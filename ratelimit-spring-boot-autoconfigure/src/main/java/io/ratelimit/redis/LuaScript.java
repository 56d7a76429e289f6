package io.ratelimit.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.util.StringUtils;

/**
 * A Lua script and the digest that Redis knows it by.
 *
 * @param source the text
 * @param digest its SHA-1, as {@code EVALSHA} takes it
 */
record LuaScript(String source, String digest) {

    private static final Pattern COMMENT = Pattern.compile("--.*");

    private static final String CONSTANT = "(?:-?\\d+|KEYS\\[\\d]|'[^',\\n]*')";

    private static final Pattern CONSTANTS = Pattern.compile(
            "(?m)^ *local ([A-Z][A-Z_]*(?:, [A-Z][A-Z_]*)*) =\\s+(" + CONSTANT + "(?:, " + CONSTANT + ")*)$");

    private static final Pattern NAME_OR_TEXT = Pattern.compile("'[^'\\n]*'|\\b[A-Z][A-Z_]*\\b");

    /** Joins the state machine of a partition behind a clock. */
    static LuaScript partition(String clock) {
        return join(
                clock,
                "arguments.lua",
                "state.lua",
                "sliding_window.lua",
                "holders.lua",
                "limits.lua",
                "operations.lua",
                "refusal.lua",
                "queue.lua",
                "adoption.lua",
                "upkeep.lua",
                "main.lua");
    }

    /** Joins the sign of life of an instance behind a clock. */
    static LuaScript heartbeat(String clock) {
        return join(clock, "heartbeat.lua");
    }

    private static LuaScript join(String... files) {
        String source = fold(Stream.of(files).map(LuaScript::read).collect(Collectors.joining("\n")));
        return new LuaScript(source, sha1(source));
    }

    /**
     * Writes constants where they are used, as a compiler would: every local variable that a function of a script uses makes each call of
     * the script slower, since each makes all functions anew. Comments stay behind with the source.
     */
    private static String fold(String source) {
        Map<String, String> constants = new HashMap<>();
        String withoutComments = COMMENT.matcher(source).replaceAll("");
        String withoutConstants = CONSTANTS.matcher(withoutComments).replaceAll((declaration) -> {
            String[] names = StringUtils.tokenizeToStringArray(declaration.group(1), ",");
            String[] values = StringUtils.tokenizeToStringArray(declaration.group(2), ",");
            for (int i = 0; i < names.length; i++) {
                constants.put(names[i], values[i]);
            }
            return "";
        });
        return NAME_OR_TEXT
                .matcher(withoutConstants)
                .replaceAll((name) -> Matcher.quoteReplacement(constants.getOrDefault(name.group(), name.group())));
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
