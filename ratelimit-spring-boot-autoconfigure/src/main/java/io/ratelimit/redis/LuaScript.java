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

    private static final Pattern FUNCTION = Pattern.compile("(?m)^local function (\\w+)");

    private static final Pattern NAME_OR_TEXT = Pattern.compile("'[^'\\n]*'|\\b[A-Z][A-Z_]*\\b");

    /** Joins the state machine of a partition behind a clock. */
    static LuaScript partition(String clock) {
        return of(join(
                read(
                        clock,
                        "arguments.lua",
                        "take.lua",
                        "hold.lua",
                        "single.lua",
                        "header.lua",
                        "shortcut.lua",
                        "state.lua",
                        "operands.lua",
                        "sliding_window.lua",
                        "holders.lua",
                        "limits.lua",
                        "operations.lua"),
                lazily("rates", read("rates.lua"), algorithms()),
                lazily("waiting", read("refusal.lua", "queue.lua")),
                lazily("upkeep", read("adoption.lua", "upkeep.lua")),
                read("main.lua")));
    }

    /** Joins acquisitions from several partitions behind a clock. */
    static LuaScript takes(String clock) {
        return of(read(clock, "take.lua", "takes.lua"), read("header.lua", "state.lua", "sliding_window.lua"));
    }

    /** Joins the sign of life of an instance behind a clock. */
    static LuaScript heartbeat(String clock) {
        return of(read(clock, "heartbeat.lua"));
    }

    /** Joins the settings that instances share behind a clock. */
    static LuaScript settings(String clock) {
        return of(read(clock, "settings.lua"));
    }

    private static LuaScript of(String source) {
        return of(source, "");
    }

    /** Takes the constants of further sources too. */
    private static LuaScript of(String source, String declarations) {
        Map<String, String> constants = new HashMap<>();
        takeConstants(declarations, constants);
        String folded = fold(source, constants);
        return new LuaScript(folded, sha1(folded));
    }

    private static String join(String... parts) {
        return String.join("\n", parts);
    }

    private static String read(String... files) {
        return Stream.of(files).map(LuaScript::read).collect(Collectors.joining("\n"));
    }

    private static String algorithms() {
        return Stream.of("window_debt", "fixed_window", "bucket")
                .map((algorithm) -> lazily(algorithm, read(algorithm + ".lua")))
                .collect(Collectors.joining("\n"));
    }

    private static String lazily(String name, String source) {
        return lazily(name, source, "");
    }

    /**
     * Makes the functions of a source when they are first asked for, as the fields of what a function of the given name returns. Every
     * call of a script begins from nothing, and making a function takes longer than most functions run.
     */
    private static String lazily(String name, String source, String more) {
        String functions = FUNCTION.matcher(source)
                .results()
                .map((function) -> function.group(1) + " = " + function.group(1))
                .collect(Collectors.joining(", "));
        return """
                local made_%1$s
                %1$s = function()
                  made_%1$s = made_%1$s or (function()
                %2$s
                %4$s
                    return { %3$s }
                  end)()
                  return made_%1$s
                end
                """.formatted(name, source, functions, more);
    }

    /**
     * Writes constants where they are used, as a compiler would: every local variable that a function of a script uses makes each call of
     * the script slower, since each makes all functions anew. Comments stay behind with the source.
     */
    private static String fold(String source, Map<String, String> constants) {
        String withoutConstants = takeConstants(source, constants);
        return NAME_OR_TEXT
                .matcher(withoutConstants)
                .replaceAll((name) -> Matcher.quoteReplacement(constants.getOrDefault(name.group(), name.group())));
    }

    /** Returns a source without its comments and the declarations of its constants, which go to a map. */
    private static String takeConstants(String source, Map<String, String> constants) {
        String withoutComments = COMMENT.matcher(source).replaceAll("");
        return CONSTANTS.matcher(withoutComments).replaceAll((declaration) -> {
            String[] names = StringUtils.tokenizeToStringArray(declaration.group(1), ",");
            String[] values = StringUtils.tokenizeToStringArray(declaration.group(2), ",");
            for (int i = 0; i < names.length; i++) {
                constants.put(names[i], values[i]);
            }
            return "";
        });
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
