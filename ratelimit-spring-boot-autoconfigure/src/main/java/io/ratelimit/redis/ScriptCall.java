package io.ratelimit.redis;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandType;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One call of a script. Its reply may be completed, with a failure, by whoever no longer waits for it: what has not been sent by then is
 * not sent any more.
 */
final class ScriptCall {

    private final LuaScript script;

    private final Supplier<byte[][]> keys;

    private final Consumer<Arguments> arguments;

    private final CompletableFuture<List<Object>> reply = new CompletableFuture<>();

    /**
     * Makes a call, which is not sent yet.
     *
     * @param script the script
     * @param keys its keys
     * @param arguments writes its arguments
     */
    ScriptCall(LuaScript script, byte[][] keys, Consumer<Arguments> arguments) {
        this(script, () -> keys, arguments);
    }

    /**
     * Makes a call whose keys are not known yet.
     *
     * @param script the script
     * @param keys returns its keys, always the same from the first time on
     * @param arguments writes its arguments
     */
    ScriptCall(LuaScript script, Supplier<byte[][]> keys, Consumer<Arguments> arguments) {
        this.script = script;
        this.keys = keys;
        this.arguments = arguments;
    }

    CompletableFuture<List<Object>> reply() {
        return this.reply;
    }

    /** Returns the command for a Redis that knows the script. */
    AsyncCommand<byte[], byte[], List<Object>> byDigest() {
        return command(CommandType.EVALSHA, this.script.digest());
    }

    /** Returns the command for a Redis that does not. */
    AsyncCommand<byte[], byte[], List<Object>> bySource() {
        return command(CommandType.EVAL, this.script.source());
    }

    private AsyncCommand<byte[], byte[], List<Object>> command(CommandType type, String digestOrSource) {
        Arguments written = new Arguments(digestOrSource, this.keys.get());
        this.arguments.accept(written);
        return new AsyncCommand<>(
                new Command<>(type, new NestedMultiOutput<>(ByteArrayCodec.INSTANCE), written.toCommandArgs()));
    }
}
