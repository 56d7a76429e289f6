package io.ratelimit.wholesystem;

import java.util.List;
import java.util.Locale;

/**
 * A call that Redis was sent, as a witness saw it. This class and {@code arguments.lua} and {@code heartbeat.lua} share a layout.
 *
 * @param instance the name of the instance that sent it; empty: not a script of ours
 * @param operation the name of its first operation, or {@code heartbeat}, or {@code settings}, or the command
 */
record SeenCall(String instance, String operation) {

    private static final int KEYS = 7;

    /** Where the arguments of a script with one key begin. */
    private static final int KEYS_OF_ONE = 4;

    /** Where the arguments begin: behind command, digest, number of keys, and keys. */
    private static final int ARGUMENTS = 3 + KEYS;

    private static final int IDS = ARGUMENTS + 6;

    static SeenCall of(MonitorLine call) {
        if (isOnPartition(call)) {
            return new SeenCall(
                    call.word(ARGUMENTS + 3), call.word(IDS + ids(call).size()));
        }
        if (isScript(call) && call.word(2).equals("1")) {
            return (call.words().size() > KEYS_OF_ONE) // the settings are asked for without arguments
                    ? new SeenCall(call.word(KEYS_OF_ONE), "heartbeat")
                    : new SeenCall("", "settings");
        }
        return new SeenCall("", call.command().toUpperCase(Locale.ROOT));
    }

    static boolean isOnPartition(MonitorLine call) {
        return isScript(call) && call.word(2).equals(Integer.toString(KEYS));
    }

    /** Returns whether it is a script of ours. */
    boolean isScript() {
        return this.operation.equals("settings") || !this.instance.isEmpty();
    }

    private static boolean isScript(MonitorLine call) {
        return call.command().toUpperCase(Locale.ROOT).startsWith("EVAL");
    }

    /** Returns the tickets and permits that a call on a partition names. */
    static List<String> ids(MonitorLine call) {
        return call.words().subList(IDS, IDS + Integer.parseInt(call.word(IDS - 1)));
    }
}
