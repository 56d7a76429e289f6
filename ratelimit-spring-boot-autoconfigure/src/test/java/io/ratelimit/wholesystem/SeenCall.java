package io.ratelimit.wholesystem;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A call that Redis was sent, as a witness saw it. This class and {@code arguments.lua} and {@code heartbeat.lua} share a layout.
 *
 * @param instance the name of the instance that sent it; empty: it does not say, or is not a script of ours
 * @param operation the name of its first operation, or {@code heartbeat}, {@code settings} or {@code takes}, or the command
 */
record SeenCall(String instance, String operation) {

    private static final int KEYS = 6;

    private static final int FIRST_KEY = 3;

    /** What does not say which instance calls. */
    private static final Set<String> NAMELESS = Set.of("settings", "takes");

    /** Where the arguments begin: behind command, digest, number of keys, and keys. */
    private static final int ARGUMENTS = FIRST_KEY + KEYS;

    private static final int INSTANCE = ARGUMENTS + 1;

    private static final int OPERANDS = ARGUMENTS + 2;

    private static final int IDS = ARGUMENTS + 3;

    /** Where the number of ids, and the code of the first operation, stand among the operands. */
    private static final int NUMBER_OF_IDS = 3;

    private static final int FIRST_OPERATION = 4;

    /** A whole number as a double. */
    private static final String FROM_ONE_TO_EIGHT = "\\x00{6}(?:\\xF0\\x3F|[\\x00\\x08\\x10\\x14\\x18\\x1C\\x20]\\x40)";

    /** The names of the codes, from 1. */
    private static final List<String> OPERATIONS = List.of(
            "release",
            "acquire",
            "wait",
            "cancel",
            "update",
            "evict",
            "forgive",
            "withdraw",
            "renew",
            "inspect",
            "take");

    static SeenCall of(MonitorLine call) {
        if (isOnPartition(call)) {
            return new SeenCall(call.word(INSTANCE), OPERATIONS.get(operand(call, FIRST_OPERATION) - 1));
        }
        if (isScript(call) && call.word(FIRST_KEY).endsWith(":instances")) {
            return new SeenCall(call.word(FIRST_KEY + 1), "heartbeat");
        }
        if (isScript(call)) {
            return new SeenCall("", call.word(FIRST_KEY).endsWith(":settings") ? "settings" : "takes");
        }
        return new SeenCall("", call.command().toUpperCase(Locale.ROOT));
    }

    static boolean isOnPartition(MonitorLine call) {
        return isScript(call)
                && call.word(2).equals(Integer.toString(KEYS))
                && call.word(FIRST_KEY + 1).equals(call.word(FIRST_KEY) + ":h");
    }

    /** Returns whether it is a script of ours. */
    boolean isScript() {
        return NAMELESS.contains(this.operation) || !this.instance.isEmpty();
    }

    /** Those without keys are a test's own. */
    private static boolean isScript(MonitorLine call) {
        return call.command().toUpperCase(Locale.ROOT).startsWith("EVAL")
                && !call.word(2).equals("0");
    }

    /** Returns the tickets and permits that a call on a partition names. */
    static List<String> ids(MonitorLine call) {
        return call.words().subList(IDS, IDS + operand(call, NUMBER_OF_IDS));
    }

    /**
     * Returns the regular expression of an operation on the wire, a character for a byte, whatever else has joined its call: its code, behind
     * the number of ids or the amount of another operation.
     */
    static String onTheWire(String operation) {
        byte[] code = ByteBuffer.allocate(Double.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(OPERATIONS.indexOf(operation) + 1)
                .array();
        return FROM_ONE_TO_EIGHT + Pattern.quote(new String(code, StandardCharsets.ISO_8859_1));
    }

    private static int operand(MonitorLine call, int index) {
        return (int) ByteBuffer.wrap(call.bytes(OPERANDS))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getDouble(index * Double.BYTES);
    }
}
